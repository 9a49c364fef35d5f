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
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil, huma.Error404NotFound("account " + account.String() + " not found")
	case errors.Is(err, lockstep.ErrInUse):
		return nil, huma.Error409Conflict("account " + account.String() +
			" is active; Lockstep forgets only accounts that were deleted in the directory")
	case err != nil:
		return nil, a.problem(ctx, "forget", err)
	}
	out := &forgetOutput{}
	out.Body.Events = events
	return out, nil
}
