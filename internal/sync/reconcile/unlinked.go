package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// UnlinkedStore is what runs of customers and payments need of the store.
type UnlinkedStore interface {
	lockstep.Accounts
	OwnerStore
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Unlinked links customers that no account has yet, or parks them.
type Unlinked struct {
	Store     UnlinkedStore
	Billing   lockstep.Billing
	Directory lockstep.Directory
	Owners    *Owners
}

// Reconcile finds the account of the claim's customer.
func (u *Unlinked) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	id := claim.Key.ID
	switch owner, err := u.Store.AccountOfCustomer(ctx, id); {
	case err == nil: // linked since it was marked
		return Result{}, u.Store.Mark(ctx, lockstep.Mark{Key: owner.Key(), Scope: claim.Scope, Priority: lockstep.Normal})
	case !errors.Is(err, lockstep.ErrNotFound):
		return Result{}, fmt.Errorf("look at customer's link: %w", err)
	}
	itself := []lockstep.Key{claim.Key}
	customer, err := u.Billing.Customer(ctx, id)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return Result{}, &lockstep.ParkError{Reason: "Stripe does not know this customer under our key", WaitsFor: itself}
	case err != nil:
		return Result{}, fmt.Errorf("look at customer: %w", err)
	case customer.Deleted:
		return Result{}, nil // no account had it, and now there is nothing to have
	}
	owner, err := u.Owners.ofCustomer(ctx, customer)
	switch {
	case unresolved(err):
		return Result{}, &lockstep.ParkError{Reason: err.Error(), WaitsFor: itself}
	case err != nil:
		return Result{}, err
	case owner.account.IsZero():
		return Result{}, &lockstep.ParkError{Reason: "nothing names the account of this customer", WaitsFor: itself}
	}
	return Result{}, u.link(ctx, claim, owner)
}

// link links the customer to its account, if the directory knows that account, or if we know
// that it was deleted: then the deletion policy applies to this customer too, which would be
// billed on unseen otherwise.
func (u *Unlinked) link(ctx context.Context, claim lockstep.Claim, owner ownership) error {
	identity, err := u.Directory.Identity(ctx, owner.account)
	if errors.Is(err, lockstep.ErrNotFound) && owner.trust == lockstep.Proven {
		record, known := u.Store.Account(ctx, owner.account)
		switch {
		case known == nil && record.State == lockstep.AccountDeleted:
			identity, err = lockstep.Identity{Account: owner.account}, nil
		case known != nil && !errors.Is(known, lockstep.ErrNotFound):
			return fmt.Errorf("read account: %w", known)
		}
	}
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return &lockstep.ParkError{Reason: "the directory does not know " + owner.account.String(),
			WaitsFor: []lockstep.Key{owner.account.Key(), claim.Key}}
	case err != nil:
		return fmt.Errorf("look at identity: %w", err)
	}
	err = u.Store.Link(ctx, claim, identity, claim.Key.ID, owner.trust)
	switch {
	case errors.Is(err, lockstep.ErrCrowded):
		return &lockstep.ParkError{Reason: owner.account.String() +
			" has too many customers that only a client_reference_id links to it; run `lockstep link` to link this one",
			WaitsFor: []lockstep.Key{claim.Key}}
	case errors.Is(err, lockstep.ErrLinked): // by another run, meanwhile
		return &lockstep.ParkError{Reason: "the customer belongs to another account", WaitsFor: []lockstep.Key{claim.Key}}
	case err != nil:
		return fmt.Errorf("link customer to %s: %w", owner.account, err)
	}
	return nil
}
