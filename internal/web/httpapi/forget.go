package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

type forgetOutput struct {
	Body struct {
		Events int64 `json:"events" doc:"How many stored events were blanked"`
	}
}

// forget erases the personal data that is stored about a deleted account.
func (a *API) forget(ctx context.Context, in *accountPath, trail *audit.Trail) (*forgetOutput, error) {
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
			" is active; delete it in the directory first")
	case err != nil:
		return nil, a.problem(ctx, "forget account", err)
	}
	trail.Done(audit.Account(account), nil, audit.Facts{"blanked_events": events})
	out := &forgetOutput{}
	out.Body.Events = events
	return out, nil
}
