package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

type forgetOutput struct {
	Body struct {
		Events int64 `json:"events" doc:"Whose bodies were blanked now"`
	}
}

// forget blanks what is kept of a deleted account that says who it was.
func (a *API) forget(ctx context.Context, in *accountPath) (*forgetOutput, error) {
	account, err := in.account(ctx)
	if err != nil {
		return nil, err
	}
	events, err := a.Store.Forget(ctx, account)
	if errors.Is(err, lockstep.ErrInUse) {
		return nil, huma.Error409Conflict("the account is not deleted")
	}
	if err != nil {
		return nil, a.problem(ctx, "forget", err)
	}
	out := &forgetOutput{}
	out.Body.Events = events
	return out, nil
}
