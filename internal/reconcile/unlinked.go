package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// UnlinkedStore is what runs of customers and payments need of the store.
type UnlinkedStore interface {
	lockstep.Ledger
	assignments
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Unlinked finds out whose an unlinked customer is, and links it or parks it.
type Unlinked struct {
	Store     UnlinkedStore
	Billing   lockstep.Billing
	Directory lockstep.Directory
}

// Reconcile resolves the customer of the claim.
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
		return Result{}, nil // it was nobody's, and now it is nothing
	}
	owner, err := whose(ctx, u.Store, u.Billing, u.Directory, customer)
	switch {
	case errors.Is(err, errAmbiguous), errors.Is(err, errUnvouched):
		return Result{}, &lockstep.ParkError{Reason: err.Error(), WaitsFor: itself}
	case err != nil:
		return Result{}, err
	case owner.IsZero():
		return Result{}, &lockstep.ParkError{Reason: "nothing says whose customer this is", WaitsFor: itself}
	}
	return Result{}, u.link(ctx, claim, owner)
}

// assignments is what tells of an operator's word.
type assignments interface {
	AssignmentOf(ctx context.Context, key lockstep.Key) (lockstep.Account, error)
	successors
}

// assigned is whose an operator said something is; zero: nobody said so.
func assigned(ctx context.Context, store assignments, key lockstep.Key) (lockstep.Account, error) {
	account, err := store.AssignmentOf(ctx, key)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Account{}, nil
	}
	return account, err
}

// whose says whose an unlinked customer is: by an operator's word, else by what is said of
// it and of all that hangs on it. The zero account: nothing tells. Its errors are
// errAmbiguous and errUnvouched beside those of asking.
func whose(ctx context.Context, store assignments, billing lockstep.Billing, directory lockstep.Directory, customer lockstep.Customer) (lockstep.Account, error) {
	said, err := assigned(ctx, store, lockstep.Key{Kind: lockstep.KeyCustomer, ID: customer.ID})
	if err != nil || !said.IsZero() {
		return said, err
	}
	e, err := evidenceOf(ctx, billing, customer)
	if err != nil {
		return lockstep.Account{}, err
	}
	if e.successors, err = successorsOf(ctx, store, e); err != nil {
		return lockstep.Account{}, err
	}
	owner, err := resolve(e)
	if err != nil || owner.IsZero() {
		return owner, err
	}
	e.reference = nil
	if named, err := resolve(e); err == nil && named == owner {
		return owner, nil
	}
	return owner, vouch(ctx, directory, owner, customer)
}

// evidenceOf reads what hangs on a customer.
func evidenceOf(ctx context.Context, billing lockstep.Billing, customer lockstep.Customer) (evidence, error) {
	e := evidence{customer: customer.Metadata}
	subscriptions, err := billing.Subscriptions(ctx, customer.ID)
	if err != nil {
		return e, fmt.Errorf("list subscriptions: %w", err)
	}
	for _, s := range subscriptions {
		e.objects = append(e.objects, s.Metadata)
	}
	sessions, err := billing.Checkouts(ctx, customer.ID)
	if err != nil {
		return e, fmt.Errorf("list checkout sessions: %w", err)
	}
	for _, s := range sessions {
		e.objects = append(e.objects, s.Metadata)
		e.reference = append(e.reference, s.Reference)
	}
	return e, nil
}

// errUnvouched: only a reference tells, which whoever has a payment link can write.
var errUnvouched = errors.New("only a client_reference_id says whose customer this is, and its address is none of theirs; lockstep link says it for good")

// vouch sees to it that a reference alone gives nobody's customer away: who is linked to it
// sees its invoices and pays with its cards. Its address must be the account's: a user's
// verified one, an organization's, or the verified one of the user who founded it.
func vouch(ctx context.Context, directory lockstep.Directory, owner lockstep.Account, customer lockstep.Customer) error {
	identity, err := directory.Identity(ctx, owner)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil // whoever asked finds that out too, and waits for them
	case err != nil:
		return fmt.Errorf("look at identity: %w", err)
	}
	known := identity.EmailVerified || owner.Kind == lockstep.Organization
	if owner.Kind == lockstep.Organization && identity.Email == "" {
		founder, bad := lockstep.NewAccount(lockstep.User, identity.FoundedBy)
		if bad != nil {
			return errUnvouched
		}
		if identity, err = directory.Identity(ctx, founder); err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return fmt.Errorf("look at who founded %s: %w", owner, err)
		}
		known = err == nil && identity.EmailVerified
	}
	if !known || identity.Email == "" || !strings.EqualFold(identity.Email, customer.Email) {
		return errUnvouched
	}
	return nil
}

// link gives the customer to its account, if the directory knows that account
// and nothing stands against it.
func (u *Unlinked) link(ctx context.Context, claim lockstep.Claim, owner lockstep.Account) error {
	identity, err := u.Directory.Identity(ctx, owner)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return &lockstep.ParkError{Reason: "the directory does not know " + owner.String(), WaitsFor: []lockstep.Key{owner.Key(), claim.Key}}
	case err != nil:
		return fmt.Errorf("look at identity: %w", err)
	}
	err = u.Store.Link(ctx, claim, identity, claim.Key.ID)
	if errors.Is(err, lockstep.ErrLinked) {
		return &lockstep.ParkError{Reason: owner.String() + " has another customer", WaitsFor: []lockstep.Key{claim.Key}}
	}
	if err != nil {
		return fmt.Errorf("link customer to %s: %w", owner, err)
	}
	return nil
}
