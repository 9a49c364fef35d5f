package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// linkStore is the part of the store that keeps which account a customer belongs to.
type linkStore interface {
	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
	Assign(ctx context.Context, key lockstep.Key, account lockstep.Account) error
	Unlink(ctx context.Context, customerID string) (lockstep.Account, error)
	ChoosePrimary(ctx context.Context, account lockstep.Account, customerID string) error
}

type linkInput struct {
	Body struct {
		Object  string `json:"object" maxLength:"255" example:"cus_x" doc:"A customer, the checkout session of a guest's one-time payment, or an account of a former Clerk instance"`
		Account string `json:"account" example:"user/user_2x" doc:"The account to link it to"`
	}
}

// link stores an operator's decision about the account of a customer or a payment. The workers act
// on it.
func (a *API) link(ctx context.Context, in *linkInput, trail *audit.Trail) (*struct{}, error) {
	if succeeds, err := a.succeed(ctx, in, trail); succeeds || err != nil {
		return nil, err
	}
	key, assignable := lockstep.AssignableKey(in.Body.Object)
	if !assignable {
		return nil, huma.Error422UnprocessableEntity("object: " + in.Body.Object +
			" is not a customer (cus_…), a checkout session (cs_…) or an account of a former Clerk instance (user/…)")
	}
	account, err := lockstep.ParseAccount(in.Body.Account)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("account: " + err.Error())
	}
	record, _, err := a.known(ctx, account, a.Store.Account)
	switch {
	case err != nil:
		return nil, err
	case record.State == lockstep.AccountDeleted:
		return nil, huma.Error409Conflict("account: " + account.String() + " was deleted in the directory")
	}
	before, err := a.linkedTo(ctx, key)
	if err != nil {
		return nil, err
	}
	err = a.Store.Assign(ctx, key, account)
	if errors.Is(err, lockstep.ErrLinked) {
		return nil, huma.Error409Conflict("object: " + key.ID + " belongs to another account; unlink it first (DELETE /v1/links/" +
			key.ID + ")")
	}
	if err != nil {
		return nil, a.problem(ctx, "assign", err)
	}
	trail.Done(in.subjects()[0], audit.Facts{"account": before}, audit.Facts{"account": account.String()})
	a.Wake()
	a.Log.WarnContext(ctx, "object linked by an operator", "object", key.ID, "account", account.String())
	return nil, nil
}

// linkedTo returns the account of a customer; empty if it has no account, or the key is a payment.
func (a *API) linkedTo(ctx context.Context, key lockstep.Key) (string, error) {
	if key.Kind != lockstep.KeyCustomer {
		return "", nil
	}
	account, err := a.Store.AccountOfCustomer(ctx, key.ID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return "", nil
	case err != nil:
		return "", a.problem(ctx, "read account of customer", err)
	}
	return account.String(), nil
}

type unlinkInput struct {
	Customer string `path:"customer" maxLength:"255" example:"cus_x"`
}

type unlinkOutput struct {
	Body struct {
		Account string `json:"account" doc:"The account that the customer belonged to"`
	}
}

// unlink removes a customer from its account.
func (a *API) unlink(ctx context.Context, in *unlinkInput, trail *audit.Trail) (*unlinkOutput, error) {
	var account lockstep.Account
	err := a.whenIdle(ctx, func() (err error) {
		account, err = a.Store.Unlink(ctx, in.Customer)
		return err
	})
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil, huma.Error404NotFound("customer " + in.Customer + " is not linked to an account")
	case err != nil:
		return nil, a.problem(ctx, "unlink", err)
	}
	subject := in.subjects()[0]
	subject.Account = account
	trail.Done(subject, audit.Facts{"account": account.String()}, audit.Facts{"account": ""})
	a.Wake()
	a.Log.WarnContext(ctx, "customer unlinked by an operator", "customer", in.Customer, "account", account.String())
	out := &unlinkOutput{}
	out.Body.Account = account.String()
	return out, nil
}

type primaryInput struct {
	Kind string `path:"kind" enum:"user,organization" doc:"Kind of the account"`
	ID   string `path:"id" maxLength:"128" doc:"The directory's id of it, user_… or org_…"`
	Body struct {
		Customer string `json:"customer" maxLength:"255" example:"cus_x" doc:"One of the account's customers"`
	}
}

// choosePrimary makes one of an account's customers the primary one.
func (a *API) choosePrimary(ctx context.Context, in *primaryInput, trail *audit.Trail) (*struct{}, error) {
	account, err := accountPath{in.Kind, in.ID}.account(ctx)
	if err != nil {
		return nil, err
	}
	before, err := a.Store.Account(ctx, account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return nil, a.problem(ctx, "read account", err)
	}
	err = a.whenIdle(ctx, func() error { return a.Store.ChoosePrimary(ctx, account, in.Body.Customer) })
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil, huma.Error404NotFound("customer " + in.Body.Customer + " is not linked to " + account.String() +
			"; link it first (POST /v1/links)")
	case errors.Is(err, lockstep.ErrInvalid):
		return nil, huma.Error409Conflict("customer " + in.Body.Customer +
			" is deleted at Stripe; choose another one")
	case err != nil:
		return nil, a.problem(ctx, "choose primary customer", err)
	}
	trail.Done(audit.Account(account), audit.Facts{"primary": before.CustomerID},
		audit.Facts{"primary": in.Body.Customer})
	a.Wake()
	a.Log.WarnContext(ctx, "primary customer chosen by an operator", "customer", in.Body.Customer, "account",
		account.String())
	return nil, nil
}

// idleWait is how long an operator's decision waits for a sync of the account to finish.
const idleWait = 5 * time.Second

// whenIdle retries do while a sync of the account is running.
func (a *API) whenIdle(ctx context.Context, do func() error) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	end := time.After(idleWait)
	for {
		err := do()
		if !errors.Is(err, lockstep.ErrBusy) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end:
			return &lockstep.DelayError{Reason: "a sync of the account is running", After: time.Second}
		case <-again.C:
		}
	}
}
