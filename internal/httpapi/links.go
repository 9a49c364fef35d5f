package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

type linkInput struct {
	Body struct {
		Object  string `json:"object" maxLength:"255" example:"cus_x" doc:"A customer, the checkout session of a guest's one-time payment, or an account of a former Clerk instance"`
		Account string `json:"account" example:"user/user_2x" doc:"Whose it is"`
	}
}

// link takes an operator's word of whose something is. What follows is the workers'.
func (a *API) link(ctx context.Context, in *linkInput) (*struct{}, error) {
	if succeeds, err := a.succeed(ctx, in); succeeds || err != nil {
		return nil, err
	}
	key, assignable := lockstep.AssignableKey(in.Body.Object)
	if !assignable {
		return nil, huma.Error422UnprocessableEntity("the object is neither a customer (cus_…) nor a checkout session (cs_…)")
	}
	account, err := lockstep.ParseAccount(in.Body.Account)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	record, err := a.Store.Account(ctx, account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil, huma.Error404NotFound("this account is not known")
	case err != nil:
		return nil, a.problem(ctx, "read account", err)
	case record.State == lockstep.AccountDeleted:
		return nil, huma.Error409Conflict("the account was deleted in the directory")
	case key.Kind == lockstep.KeyCustomer && record.Live() && record.CustomerID != key.ID:
		return nil, huma.Error409Conflict("the account has another customer (" + record.CustomerID + "): delete that one in Stripe first, if it is not needed")
	}
	err = a.Store.Assign(ctx, key, account)
	if errors.Is(err, lockstep.ErrLinked) {
		return nil, huma.Error409Conflict("it belongs to another account already")
	}
	if err != nil {
		return nil, a.problem(ctx, "assign", err)
	}
	a.Wake()
	a.Log.WarnContext(ctx, "an operator says whose something is", "object", key.ID, "account", account.String())
	return nil, nil
}
