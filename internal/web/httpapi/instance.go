package httpapi

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// instanceStore is the part of the store that knows which Clerk instance it belongs to.
type instanceStore interface {
	Instance(ctx context.Context, provider lockstep.Source) (lockstep.Instance, error)
	AcceptInstance(ctx context.Context, provider lockstep.Source, id string,
		marks ...lockstep.Mark) (lockstep.Instance, error)
	FormerAccounts(ctx context.Context, after lockstep.FormerAccount, limit int) ([]lockstep.FormerAccount, error)
	OrderSuccession(ctx context.Context, from, to lockstep.Account) error
}

type instanceView struct {
	Provider   string     `json:"provider" enum:"clerk,stripe"`
	Accepted   string     `json:"accepted" example:"ins_2x" doc:"The Clerk instance or the Stripe mode that the database belongs to; empty before the first start"`
	AcceptedAt *time.Time `json:"accepted_at,omitempty"`
	Key        string     `json:"key" doc:"The Clerk instance or the Stripe mode that this server's key belongs to; empty while unknown"`
	Problem    string     `json:"problem,omitempty" doc:"Why Lockstep does not delete or create anything"`
	Advice     string     `json:"advice,omitempty" doc:"What to do about it"`
}

type formerView struct {
	Account  string `json:"account" example:"user/user_2x"`
	Customer string `json:"customer,omitempty" example:"cus_x"`
}

type instanceOutput struct {
	Body struct {
		Instances []instanceView `json:"instances"`
		Former    []formerView   `json:"former" doc:"Accounts of former instances without a successor"`
		More      bool           `json:"more,omitempty" doc:"The list is not complete"`
	}
}

// formerShown is the maximum number of former accounts in an answer.
const formerShown = 100

func (a *API) instance(ctx context.Context, _ *struct{}) (*instanceOutput, error) {
	out := &instanceOutput{}
	out.Body.Instances, out.Body.Former = []instanceView{}, []formerView{}
	for _, s := range a.Operations.Guard.Standings(ctx) {
		v := instanceView{Provider: string(s.Provider), Accepted: s.Accepted.ID, Key: s.Own, Problem: s.Problem,
			Advice: s.Advice}
		if at := s.Accepted.AcceptedAt.UTC(); !s.Accepted.AcceptedAt.IsZero() {
			v.AcceptedAt = &at
		}
		out.Body.Instances = append(out.Body.Instances, v)
	}
	former, err := a.Store.FormerAccounts(ctx, lockstep.FormerAccount{}, formerShown+1)
	if err != nil {
		return nil, a.problem(ctx, "list former accounts", err)
	}
	for i, f := range former {
		if i == formerShown {
			out.Body.More = true
			break
		}
		out.Body.Former = append(out.Body.Former, formerView{f.Account.String(), f.CustomerID})
	}
	return out, nil
}

type acceptInput struct {
	Body struct {
		ID string `json:"id" maxLength:"255" example:"ins_2x" doc:"The Clerk instance that the key belongs to"`
	}
}

// accept records an operator's decision that the business moved to another Clerk instance.
func (a *API) accept(ctx context.Context, in *acceptInput, trail *audit.Trail) (*instanceOutput, error) {
	if !strings.HasPrefix(in.Body.ID, "ins_") {
		return nil, huma.Error422UnprocessableEntity("id: it is not a Clerk instance (ins_…); to change the Stripe mode, start with an empty database")
	}
	var marks []lockstep.Mark
	for _, key := range a.Operations.DirectorySweeps {
		marks = append(marks, lockstep.Mark{Key: key, Priority: lockstep.Interactive})
	}
	before, err := a.Store.Instance(ctx, lockstep.Clerk)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return nil, a.problem(ctx, "read instance", err)
	}
	accepted, err := a.Store.AcceptInstance(ctx, lockstep.Clerk, in.Body.ID, marks...)
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil, huma.Error409Conflict("id: the key of this server does not belong to " + in.Body.ID +
			"; restart the server with that instance's CLERK_SECRET_KEY first")
	}
	if err != nil {
		return nil, a.problem(ctx, "accept instance", err)
	}
	trail.Done(in.subjects()[0], audit.Facts{"accepted": before.ID}, audit.Facts{"accepted": accepted.ID})
	a.Operations.Guard.Recheck()
	a.Wake()
	a.Log.WarnContext(ctx, "Clerk instance accepted by an operator", "instance", accepted.ID, "generation",
		accepted.Generation)
	return a.instance(ctx, nil)
}
