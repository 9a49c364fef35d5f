package httpapi

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// deletionStore is the part of the store that keeps the decisions about deletions.
type deletionStore interface {
	DeletionsIn(ctx context.Context, state lockstep.DeletionState, limit int) ([]lockstep.Deletion, error)
	DecideDeletions(ctx context.Context, decision lockstep.DeletionState,
		accounts []lockstep.Account) ([]lockstep.Account, error)
}

type deletionView struct {
	Account string    `json:"account" example:"user/user_2x"`
	State   string    `json:"state" enum:"begun,held,approved,discarded,refused"`
	At      time.Time `json:"at"`
}

type deletionsOutput struct {
	Body struct {
		Data []deletionView `json:"data" doc:"Oldest first"`
	}
}

func (a *API) deletions(ctx context.Context, in *struct {
	State string `query:"state" enum:"begun,held,approved,discarded,refused" default:"held"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
},
) (*deletionsOutput, error) {
	list, err := a.Store.DeletionsIn(ctx, lockstep.DeletionState(in.State), in.Limit)
	if err != nil {
		return nil, a.problem(ctx, "list deletions", err)
	}
	out := &deletionsOutput{}
	out.Body.Data = []deletionView{}
	for _, d := range list {
		out.Body.Data = append(out.Body.Data, deletionView{d.Account.String(), string(d.State), d.At.UTC()})
	}
	return out, nil
}

type decideInput struct {
	Body struct {
		Accounts []string `json:"accounts,omitempty" maxItems:"1000" doc:"Accounts whose deletion is held or was discarded, or (to approve) that Stripe rejected"`
		All      bool     `json:"all,omitempty" doc:"All held deletions, instead of accounts"`
	}
}

type decideOutput struct {
	Body struct {
		Accounts []string `json:"accounts" doc:"The accounts that this call decided"`
	}
}

func (a *API) approveDeletions(ctx context.Context, in *decideInput, trail *audit.Trail) (*decideOutput, error) {
	return a.decide(ctx, in, lockstep.DeletionApproved, trail)
}

func (a *API) discardDeletions(ctx context.Context, in *decideInput, trail *audit.Trail) (*decideOutput, error) {
	return a.decide(ctx, in, lockstep.DeletionDiscarded, trail)
}

// decide approves or discards held deletions. An empty request is an error, so that a missing field
// never decides about all of them.
func (a *API) decide(ctx context.Context, in *decideInput, decision lockstep.DeletionState,
	trail *audit.Trail) (*decideOutput, error) {
	if in.Body.All == (len(in.Body.Accounts) > 0) {
		return nil, huma.Error422UnprocessableEntity(`accounts or all: give exactly one`)
	}
	accounts, before, err := a.undecided(ctx, in)
	if err != nil {
		return nil, err
	}
	decided, err := a.Store.DecideDeletions(ctx, decision, accounts)
	for _, account := range decided { // also those that were decided before an error
		trail.Done(audit.Account(account), audit.Facts{"deletion": cmp.Or(before[account], lockstep.DeletionHeld)},
			audit.Facts{"deletion": decision})
	}
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil, huma.Error404NotFound("accounts: at least one has no open deletion, so nothing was decided; GET /v1/deletions lists the open ones")
	}
	if err != nil {
		return nil, a.problem(ctx, "decide deletions", err)
	}
	a.Wake()
	a.Log.WarnContext(ctx, "deletions decided by an operator", "decision", string(decision), "accounts", len(decided))
	out := &decideOutput{}
	out.Body.Accounts = []string{}
	for _, account := range decided {
		out.Body.Accounts = append(out.Body.Accounts, account.String())
	}
	return out, nil
}

// undecided returns the accounts that a request names, and the states of their deletions.
func (a *API) undecided(ctx context.Context, in *decideInput) (accounts []lockstep.Account,
	states map[lockstep.Account]lockstep.DeletionState, err error) {
	states = map[lockstep.Account]lockstep.DeletionState{}
	for _, text := range in.Body.Accounts {
		account, err := lockstep.ParseAccount(text)
		if err != nil {
			return nil, nil, huma.Error422UnprocessableEntity("accounts: " + err.Error())
		}
		accounts = append(accounts, account)
	}
	for _, account := range accounts {
		record, err := a.Store.Account(ctx, account)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return nil, nil, a.problem(ctx, "read account", err)
		}
		if states[account] = record.Deletion; hasProblem(record, lockstep.StepDeletion) {
			states[account] = lockstep.DeletionRefused
		}
	}
	return accounts, states, nil
}

func hasProblem(record lockstep.Record, step lockstep.Step) bool {
	_, has := record.Problem(step)
	return has
}
