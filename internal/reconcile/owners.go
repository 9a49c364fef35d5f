package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// OwnerStore is what finding owners needs of the store.
type OwnerStore interface {
	AssignmentOf(ctx context.Context, key lockstep.Key) (lockstep.Account, error)
	LinkOf(ctx context.Context, customerID string) (lockstep.Link, error)
	successors
}

// Owners finds out to which account an object of Stripe's belongs: by an operator's
// decision, else by the ladder.
type Owners struct {
	Store         OwnerStore
	Billing       lockstep.Billing
	Directory     lockstep.Directory
	Organizations lockstep.Organizations // nil: the directory has neither slugs nor members
	ClerkIDs      bool                   // the directory is Clerk: another id is the application's own

	slugs slugs
}

// ownership is the account of an object, and why it is believed.
type ownership struct {
	account lockstep.Account // zero: nothing names one
	trust   lockstep.Trust
}

// errUnlinked: an operator took the object from its account.
var errUnlinked = errors.New("an operator unlinked this customer; run `lockstep link` to give it to an account")

// unresolved reports whether err says that the evidence gives no answer, as opposed to
// that the evidence could not be read.
func unresolved(err error) bool {
	return errors.Is(err, errAmbiguous) || errors.Is(err, errUnlinked)
}

// ofCustomer returns the account of a customer that is not linked yet. It returns
// errAmbiguous or errUnlinked where there is no answer.
func (o *Owners) ofCustomer(ctx context.Context, customer lockstep.Customer) (ownership, error) {
	assigned, err := o.assigned(ctx, lockstep.Key{Kind: lockstep.KeyCustomer, ID: customer.ID})
	if err != nil {
		return ownership{}, err
	}
	e, err := o.evidenceOf(ctx, customer)
	if err != nil {
		return ownership{}, err
	}
	e.assigned = assigned
	found, err := o.resolve(ctx, e)
	if err != nil || found.trust != lockstep.Claimed {
		return found, err
	}
	// What the secret key wrote further down the ladder may say the same.
	e.reference = nil
	if named, err := o.resolve(ctx, e); err == nil && named.account == found.account {
		return named, nil
	}
	identity, err := o.Directory.Identity(ctx, found.account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return found, nil // the caller finds that out too, and waits for the account
	case err != nil:
		return ownership{}, fmt.Errorf("look at identity: %w", err)
	}
	found.trust, err = o.vouch(ctx, identity, customer)
	return found, err
}

// resolve climbs the ladder. Where the evidence names the id that an account had in a
// former Clerk instance, it means the account that succeeded it.
func (o *Owners) resolve(ctx context.Context, e evidence) (ownership, error) {
	rungs := e.rungs()
	known := map[lockstep.Account]lockstep.Account{}
	for _, rung := range rungs {
		for i, named := range rung.names {
			now, found := known[named]
			if !found {
				var err error
				if now, err = current(ctx, o.Store, named); err != nil {
					return ownership{}, err
				}
				known[named] = now
			}
			rung.names[i] = now
		}
	}
	return climb(rungs)
}

// assigned returns the account to which an operator assigned an object; zero: no operator
// decided about it.
func (o *Owners) assigned(ctx context.Context, key lockstep.Key) (lockstep.Account, error) {
	account, err := o.Store.AssignmentOf(ctx, key)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return lockstep.Account{}, nil
	case err == nil && account.IsZero():
		return lockstep.Account{}, errUnlinked
	}
	return account, err
}

// evidenceOf reads what hangs on a customer.
func (o *Owners) evidenceOf(ctx context.Context, customer lockstep.Customer) (evidence, error) {
	e := evidence{customer: o.readable(customer.Metadata)}
	subscriptions, err := o.Billing.Subscriptions(ctx, customer.ID)
	if err != nil {
		return e, fmt.Errorf("list subscriptions: %w", err)
	}
	for _, s := range subscriptions {
		e.objects = append(e.objects, o.readable(s.Metadata))
	}
	sessions, err := o.Billing.Checkouts(ctx, customer.ID)
	if err != nil {
		return e, fmt.Errorf("list checkout sessions: %w", err)
	}
	for _, s := range sessions {
		e.objects = append(e.objects, o.readable(s.Metadata))
		if err := o.refer(ctx, &e, s.Reference); err != nil {
			return e, err
		}
	}
	return e, nil
}

// readable returns metadata without the ids that the directory cannot have: the application
// keeps its own database's ids under the same names.
func (o *Owners) readable(metadata map[string]string) map[string]string {
	if !o.ClerkIDs {
		return metadata
	}
	return lockstep.WithClerkIDs(metadata)
}

// buyer returns the id of the user who paid for an organization, as metadata names it; empty
// where the directory cannot have it.
func (o *Owners) buyer(named string) string {
	user, known := lockstep.UserOf(named)
	if !known || o.ClerkIDs && user.Reference() != user.ID {
		return ""
	}
	return named
}

// refer adds the account that a client_reference_id names. An application may write an
// organization's slug there as well as its id.
func (o *Owners) refer(ctx context.Context, e *evidence, reference string) error {
	if account, ok := lockstep.AccountOfReference(reference); ok {
		e.reference = append(e.reference, account)
		return nil
	}
	account, err := o.slugs.find(ctx, o.Organizations, reference)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look for an organization by its slug: %w", err)
	}
	e.reference = append(e.reference, account)
	return nil
}

// vouch says how far a customer that only a reference links to an account is to be
// trusted. Whoever has a payment link can write anybody's reference into its URL; a
// primary customer's invoices and cards are shown to the account. So the customer's
// address must be one that the directory has verified: of the user, or of an admin of
// the organization. An organization may also have an address of its own, which only
// servers can give it.
func (o *Owners) vouch(ctx context.Context, identity lockstep.Identity, customer lockstep.Customer) (lockstep.Trust, error) {
	same := func(email string) bool { return strings.EqualFold(email, customer.Email) }
	switch {
	case customer.Email == "":
		return lockstep.Claimed, nil
	case identity.Account.Kind == lockstep.Organization && same(identity.Email),
		identity.EmailVerified && same(identity.Email),
		slices.ContainsFunc(identity.VerifiedEmails, same):
		return lockstep.Proven, nil
	case identity.Account.Kind != lockstep.Organization || o.Organizations == nil:
		return lockstep.Claimed, nil
	}
	member, err := o.Organizations.MemberWithEmail(ctx, identity.Account, customer.Email)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return lockstep.Claimed, nil
	case err != nil:
		return "", fmt.Errorf("look for an admin of %s: %w", identity.Account, err)
	case member.Admin:
		return lockstep.Proven, nil
	}
	return lockstep.Claimed, nil
}

// payer returns the id of the member of an organization who pays with a customer, by the
// customer's address; empty where no member has it.
func (o *Owners) payer(ctx context.Context, organization lockstep.Account, customerID string) (string, error) {
	if o.Organizations == nil {
		return "", nil
	}
	customer, err := o.Billing.Customer(ctx, customerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look at customer: %w", err)
	case customer.Deleted, customer.Email == "":
		return "", nil
	}
	member, err := o.Organizations.MemberWithEmail(ctx, organization, customer.Email)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look for the member who pays for %s: %w", organization, err)
	}
	return member.User.ID, nil
}
