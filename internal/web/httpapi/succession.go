package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// succeed handles a request to carry an account of a former Clerk instance over to another account. The
// request names the former account or its customer. It reports whether the request is of this kind.
func (a *API) succeed(ctx context.Context, in *linkInput, trail *audit.Trail) (bool, error) {
	to, err := lockstep.ParseAccount(in.Body.Account)
	if err != nil {
		return false, nil //nolint:nilerr // link reports an account that does not parse
	}
	from, named, err := a.formerAccount(ctx, in.Body.Object)
	if err != nil || from.IsZero() || from == to && !named {
		return false, err
	}
	err = a.Store.OrderSuccession(ctx, from, to)
	switch {
	case err == nil:
		trail.Done(audit.Account(from), nil, audit.Facts{"successor": to.String()})
		a.Wake()
		a.Log.WarnContext(ctx, "former account carried over by an operator", "former", from.String(), "account",
			to.String())
		return true, nil
	case !named && (errors.Is(err, lockstep.ErrInUse) || errors.Is(err, lockstep.ErrInvalid) ||
		errors.Is(err, lockstep.ErrNotFound)):
		return false, nil // the customer belongs to an account of this instance
	}
	return true, a.refusedSuccession(ctx, from, to, err)
}

// formerAccount returns the account that an object names, or the account of the customer that it is. named
// reports the former.
func (a *API) formerAccount(ctx context.Context, object string) (from lockstep.Account, named bool, err error) {
	key, assignable := lockstep.AssignableKey(object)
	switch {
	case !assignable:
		from, err = lockstep.ParseAccount(object)
		return from, err == nil, nil
	case key.Kind != lockstep.KeyCustomer:
		return from, false, nil
	}
	from, err = a.Store.AccountOfCustomer(ctx, key.ID)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return from, false, a.problem(ctx, "read account of customer", err)
	}
	return from, false, nil
}

// refusedSuccession answers why an account cannot be carried over.
func (a *API) refusedSuccession(ctx context.Context, from, to lockstep.Account, err error) error {
	switch {
	case errors.Is(err, lockstep.ErrInUse):
		return huma.Error409Conflict("object: " + from.String() +
			" belongs to the current Clerk instance; only accounts of a former instance can be carried over")
	case errors.Is(err, lockstep.ErrInvalid):
		return huma.Error422UnprocessableEntity("account: " + to.String() + " is not another account of the same kind as " +
			from.String())
	case errors.Is(err, lockstep.ErrNotFound):
		return huma.Error404NotFound("object or account: " + from.String() + " or " + to.String() + " not found")
	}
	return a.problem(ctx, "order succession", err)
}
