package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// UnlinkedStore is the store as [Unlinked] uses it.
type UnlinkedStore interface {
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
	Link(ctx context.Context, claim lockstep.Claim, identity lockstep.Identity, customerID string,
		trust lockstep.Trust) error
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Unlinked links customers that no account has yet, or parks them.
type Unlinked struct {
	Store     UnlinkedStore
	Billing   CustomerReader
	Directory lockstep.Directory
	Owners    *ownership.Resolver
}

// Reconcile finds the account of the claim's customer.
func (u *Unlinked) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	id := claim.Key.ID
	switch owner, err := u.Store.AccountOfCustomer(ctx, id); {
	case err == nil: // linked after it was marked
		return Result{}, u.Store.Mark(ctx, lockstep.Mark{Key: owner.Key(), Scope: claim.Scope, Priority: lockstep.Normal})
	case !errors.Is(err, lockstep.ErrNotFound):
		return Result{}, fmt.Errorf("read the link of a customer: %w", err)
	}
	customer, err := u.Billing.Customer(ctx, id)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return Result{}, parkedAt(claim, "Stripe does not know this customer under our key")
	case err != nil:
		return Result{}, fmt.Errorf("read customer: %w", err)
	case customer.Deleted:
		return Result{}, nil // no account had it, so there is nothing to end
	}
	owner, err := u.Owners.OfCustomer(ctx, customer)
	switch {
	case ownership.Unresolved(err):
		return Result{}, parkedAt(claim, err.Error())
	case err != nil:
		return Result{}, err
	case owner.Account.IsZero():
		return Result{}, parkedAt(claim, "nothing names the account of this customer")
	}
	if err := u.link(ctx, claim, owner); err != nil {
		return Result{}, err
	}
	var linked Result
	linked.Facts.Write(database, "link to "+owner.Account.String(), 1)
	return linked, nil
}

// link links the customer to its account.
func (u *Unlinked) link(ctx context.Context, claim lockstep.Claim, owner ownership.Owner) error {
	identity, err := u.identity(ctx, owner)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return parkedAt(claim, "the directory does not know "+owner.Account.String(), owner.Account.Key())
	case err != nil:
		return err
	}
	err = u.Store.Link(ctx, claim, identity, claim.Key.ID, owner.Trust)
	switch {
	case errors.Is(err, lockstep.ErrCrowded):
		return parkedAt(claim, owner.Account.String()+
			" has too many customers that only a client_reference_id links to it; run `lockstep link` to link this one")
	case errors.Is(err, lockstep.ErrLinked): // another run was faster
		return parkedAt(claim, "the customer belongs to another account")
	case err != nil:
		return fmt.Errorf("link customer to %s: %w", owner.Account, err)
	}
	return nil
}

// identity returns the identity of an account that the directory knows, or that we know to be
// deleted: its customer is linked too, so that the deletion policy ends its billing.
func (u *Unlinked) identity(ctx context.Context, owner ownership.Owner) (lockstep.Identity, error) {
	identity, err := u.Directory.Identity(ctx, owner.Account)
	if err == nil {
		return identity, nil
	}
	if errors.Is(err, lockstep.ErrNotFound) && owner.Trust == lockstep.Proven {
		record, known := u.Store.Account(ctx, owner.Account)
		switch {
		case known == nil && record.State == lockstep.AccountDeleted:
			return lockstep.Identity{Account: owner.Account}, nil
		case known != nil && !errors.Is(known, lockstep.ErrNotFound):
			return identity, fmt.Errorf("read account: %w", known)
		}
	}
	return identity, fmt.Errorf("read identity: %w", err)
}
