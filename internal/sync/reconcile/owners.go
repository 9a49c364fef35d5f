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
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
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
	External      lockstep.ExternalIDs   // nil: the directory has no external ids
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
	found, err := o.resolve(ctx, e, o.find)
	if err != nil || found.trust != lockstep.Claimed {
		return found, err
	}
	// What the secret key wrote further down the ladder may say the same.
	e.reference = nil
	if named, err := o.resolve(ctx, e, o.find); err == nil && named.account == found.account {
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
//
// Many applications write ids of their own database into metadata, under a name that we read,
// and the directory's id elsewhere; others use the customer of somebody who left for somebody
// who came. So names of accounts that are not known, or deleted, are passed over, as long as
// another account of the same kind is named; of any kind, where the directory cannot have the
// id. Otherwise the answer is as if all were known, and whoever asked waits for that account.
func (o *Owners) resolve(ctx context.Context, e evidence, find lookup) (ownership, error) {
	rungs := e.rungs()
	if err := o.update(ctx, rungs); err != nil {
		return ownership{}, err
	}
	found, unclear := climb(rungs)
	if unclear == nil {
		if found.account.IsZero() || found.account == e.link || found.account == e.assigned {
			return found, nil
		}
		if now, err := find(ctx, found.account); !errors.Is(err, lockstep.ErrNotFound) {
			return ownership{now, found.trust}, err
		}
	}
	kind := found.account.Kind
	if o.foreign(found.account) {
		kind = ""
	}
	if err := findAll(ctx, rungs, find, kind); err != nil {
		return ownership{}, err
	}
	if other, err := climb(rungs); err == nil && !other.account.IsZero() {
		return other, nil
	}
	return found, unclear
}

// lookup finds the account that a name means now; ErrNotFound: nobody has it, or the account
// is deleted.
type lookup func(ctx context.Context, named lockstep.Account) (now lockstep.Account, err error)

// findAll replaces names by the accounts that they mean, and drops those that mean none, or,
// where a kind is given, one of another kind.
func findAll(ctx context.Context, rungs []rung, find lookup, kind lockstep.Kind) error {
	known := map[lockstep.Account]lockstep.Account{}
	for i := range rungs {
		var names []lockstep.Account
		for _, named := range rungs[i].names {
			now, found := known[named]
			if !found {
				var err error
				if now, err = find(ctx, named); errors.Is(err, lockstep.ErrNotFound) {
					now = lockstep.Account{}
				} else if err != nil {
					return err
				}
				known[named] = now
			}
			if !now.IsZero() && (kind == "" || now.Kind == kind) {
				names = append(names, now)
			}
		}
		rungs[i].names = names
	}
	return nil
}

// update replaces former ids by those of the accounts that succeeded them.
func (o *Owners) update(ctx context.Context, rungs []rung) error {
	known := map[lockstep.Account]lockstep.Account{}
	for _, rung := range rungs {
		for i, named := range rung.names {
			now, found := known[named]
			if !found {
				var err error
				if now, err = current(ctx, o.Store, named); err != nil {
					return err
				}
				known[named] = now
			}
			rung.names[i] = now
		}
	}
	return nil
}

// find returns an account that we or the directory know, or the user who has its id as their
// external id.
func (o *Owners) find(ctx context.Context, account lockstep.Account) (lockstep.Account, error) {
	record, err := o.Store.Account(ctx, account)
	switch {
	case err == nil && record.State == lockstep.AccountDeleted:
		err = lockstep.ErrNotFound
	case errors.Is(err, lockstep.ErrNotFound):
		_, err = o.Directory.Identity(ctx, account)
	}
	if errors.Is(err, lockstep.ErrNotFound) && o.External != nil && account.Kind == lockstep.User {
		account, err = o.External.UserOfExternalID(ctx, account.ID)
		if _, refused := refusal(err); refused {
			err = lockstep.ErrNotFound // it cannot be an external id
		}
	}
	if err != nil {
		return lockstep.Account{}, fmt.Errorf("look whether an account exists: %w", err)
	}
	return account, nil
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

// readable returns metadata without the ids that the directory cannot have, if it names an
// account without them: many applications keep their own database's id under the same names.
// If it does not, such an id may be a user's external id.
func (o *Owners) readable(metadata map[string]string) map[string]string {
	if !o.ClerkIDs {
		return metadata
	}
	fitting := lockstep.WithClerkIDs(metadata)
	if _, named := lockstep.AccountNamedIn(fitting); !named {
		return metadata
	}
	return fitting
}

// foreign reports whether an id cannot be the directory's own. It may still be a user's
// external id there.
func (o *Owners) foreign(account lockstep.Account) bool {
	return o.ClerkIDs && account.Reference() != account.ID
}

// buyer returns the id of the user who paid for an organization, as metadata names it; empty
// where the directory cannot have it.
func (o *Owners) buyer(named string) string {
	user, known := lockstep.UserOf(named)
	if !known || o.foreign(user) {
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
func (o *Owners) vouch(ctx context.Context, identity lockstep.Identity,
	customer lockstep.Customer) (lockstep.Trust, error) {
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
	member, err := o.member(ctx, identity.Account, customer.Email)
	switch {
	case err != nil:
		return "", fmt.Errorf("look for an admin of %s: %w", identity.Account, err)
	case member.Admin:
		return lockstep.Proven, nil
	}
	return lockstep.Claimed, nil
}

// member returns the member of an organization who has the address; the zero Member: nobody
// has it. A directory that refuses the address says the same: anyone can type one at checkout
// that is not valid, which must not stop the organization's runs.
func (o *Owners) member(ctx context.Context, organization lockstep.Account, email string) (lockstep.Member, error) {
	member, err := o.Organizations.MemberWithEmail(ctx, organization, email)
	if _, refused := refusal(err); refused || errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Member{}, nil
	}
	return member, err
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
	member, err := o.member(ctx, organization, customer.Email)
	if err != nil {
		return "", fmt.Errorf("look for the member who pays for %s: %w", organization, err)
	}
	return member.User.ID, nil
}
