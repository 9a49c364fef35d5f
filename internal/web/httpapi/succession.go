package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// succeed takes an operator's word that an account of a former Clerk instance is another
// account now. The object is that account, or its customer. It reports whether that is what
// the request is about.
func (a *API) succeed(ctx context.Context, in *linkInput) (bool, error) {
	to, err := lockstep.ParseAccount(in.Body.Account)
	if err != nil {
		return false, nil //nolint:nilerr // link answers for an account that it cannot read
	}
	from, named := lockstep.Account{}, false
	if key, assignable := lockstep.AssignableKey(in.Body.Object); !assignable {
		from, err = lockstep.ParseAccount(in.Body.Object)
		named = err == nil
	} else if key.Kind == lockstep.KeyCustomer {
		from, err = a.Store.AccountOfCustomer(ctx, key.ID)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return false, a.problem(ctx, "read link of customer", err)
		}
	}
	if from.IsZero() || from == to && !named {
		return false, nil
	}
	err = a.Store.OrderSuccession(ctx, from, to)
	switch {
	case err == nil:
		a.Wake()
		a.Log.WarnContext(ctx, "an operator gives a former account to another", "former", from.String(), "account",
			to.String())
		return true, nil
	case !named && (errors.Is(err, lockstep.ErrInUse) || errors.Is(err, lockstep.ErrInvalid) ||
		errors.Is(err, lockstep.ErrNotFound)):
		return false, nil // its account is none of a former instance
	case errors.Is(err, lockstep.ErrInUse):
		return true, huma.Error409Conflict("object: " + from.String() +
			" is in the accepted Clerk instance; only an account of a former instance can be carried over")
	case errors.Is(err, lockstep.ErrInvalid):
		return true, huma.Error422UnprocessableEntity("account: it must be another account of the same kind as " +
			from.String())
	case errors.Is(err, lockstep.ErrNotFound):
		return true, huma.Error404NotFound("object or account: " + from.String() + " or " + to.String() + " is not known")
	}
	return true, a.problem(ctx, "order succession", err)
}
