package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// problemStore is the part of the store that lists accounts with problems.
type problemStore interface {
	Troubled(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Troubled, error)
}

type problemView struct {
	Step   string    `json:"step" example:"customer_email" doc:"The step that failed; the other steps ran"`
	Code   string    `json:"code" example:"email_invalid" doc:"The provider's error code"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

func viewProblems(problems []lockstep.Problem) []problemView {
	var views []problemView
	for _, p := range problems {
		views = append(views, problemView{string(p.Step), p.Code, p.Reason, p.Since.UTC()})
	}
	return views
}

type troubledView struct {
	Account  string        `json:"account" example:"user/user_2x"`
	Problems []problemView `json:"problems"`
}

type troubledOutput struct {
	Body struct {
		Data []troubledView `json:"data"`
	}
}

func (a *API) problemList(ctx context.Context, in *struct {
	After string `query:"after" doc:"The last account of the previous page"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
},
) (*troubledOutput, error) {
	var after lockstep.Account
	if in.After != "" {
		var err error
		if after, err = lockstep.ParseAccount(in.After); err != nil {
			return nil, huma.Error422UnprocessableEntity("after: " + err.Error())
		}
	}
	found, err := a.Store.Troubled(ctx, after, in.Limit)
	if err != nil {
		return nil, a.problem(ctx, "list problems", err)
	}
	out := &troubledOutput{}
	out.Body.Data = []troubledView{}
	for _, t := range found {
		out.Body.Data = append(out.Body.Data, troubledView{t.Account.String(), viewProblems(t.Problems)})
	}
	return out, nil
}
