package ownership

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// Store is the store as a [Resolver] uses it.
type Store interface {
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	AssignmentOf(ctx context.Context, key lockstep.Key) (lockstep.Account, error)
	LinkOf(ctx context.Context, customerID string) (lockstep.Link, error)
	Successors
}

// Stripe is what a [Resolver] reads there. Errors are as those of [lockstep.Billing].
type Stripe interface {
	Customer(ctx context.Context, id string) (lockstep.Customer, error)
	Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error)
	Checkouts(ctx context.Context, customerID string) ([]lockstep.Checkout, error)
}

// Resolver finds out to which account an object of Stripe's belongs.
type Resolver struct {
	Store         Store
	Billing       Stripe
	Directory     lockstep.Directory
	Organizations lockstep.Organizations // nil: the directory has neither slugs nor members
	External      lockstep.ExternalIDs   // nil: the directory has no external ids
	ClerkIDs      bool                   // the directory is Clerk: any other id is the application's own

	slugs slugs
}

// Owner is the account of an object, and how far the evidence is believed.
type Owner struct {
	Account lockstep.Account // zero: nothing names one
	Trust   lockstep.Trust
}

// ErrUnlinked says that an operator took the object from its account.
var ErrUnlinked = errors.New("an operator unlinked this customer; run `lockstep link` to link it to an account")

// Unresolved reports whether err says that the evidence gives no answer. Other errors say that the
// evidence could not be read.
func Unresolved(err error) bool { return errors.Is(err, ErrAmbiguous) || errors.Is(err, ErrUnlinked) }

// OfCustomer returns the account of a customer that is not linked yet. It returns ErrAmbiguous or
// ErrUnlinked if there is no answer.
func (o *Resolver) OfCustomer(ctx context.Context, customer lockstep.Customer) (Owner, error) {
	assigned, err := o.Assigned(ctx, lockstep.Key{Kind: lockstep.KeyCustomer, ID: customer.ID})
	if err != nil {
		return Owner{}, err
	}
	e, err := o.evidenceOf(ctx, customer)
	if err != nil {
		return Owner{}, err
	}
	e.Assigned = assigned
	found, err := o.Resolve(ctx, e, o.Find)
	if err != nil || found.Trust != lockstep.Claimed {
		return found, err
	}
	e.Reference = nil // what the secret key wrote on a lower rung may say the same
	if named, err := o.Resolve(ctx, e, o.Find); err == nil && named.Account == found.Account {
		return named, nil
	}
	identity, err := o.Directory.Identity(ctx, found.Account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return found, nil // the caller finds that out too, and waits for the account
	case err != nil:
		return Owner{}, fmt.Errorf("read identity: %w", err)
	}
	found.Trust, err = o.Vouch(ctx, identity, customer)
	return found, err
}

// Lookup finds the account that a name means now. It returns ErrNotFound if nobody has the name, or
// the account is deleted.
type Lookup func(ctx context.Context, named lockstep.Account) (now lockstep.Account, err error)

// Resolve climbs the ladder. If the evidence names the id that an account had in a replaced Clerk
// instance, it means the account that succeeded it.
//
// Many applications write ids of their own database into metadata, under a name that we read, and
// the directory's id elsewhere; others use the customer of somebody who left for somebody new. So
// names of unknown or deleted accounts are skipped if another account of the same kind is named; of
// any kind, if the directory cannot have the id. If no other account is named, the answer is as if
// all were known, and the caller waits for that account.
func (o *Resolver) Resolve(ctx context.Context, e Evidence, find Lookup) (Owner, error) {
	rungs := e.rungs()
	if err := o.update(ctx, rungs); err != nil {
		return Owner{}, err
	}
	found, unclear := climb(rungs)
	if unclear == nil {
		if found.Account.IsZero() || found.Account == e.Link || found.Account == e.Assigned {
			return found, nil
		}
		if now, err := find(ctx, found.Account); !errors.Is(err, lockstep.ErrNotFound) {
			return Owner{now, found.Trust}, err
		}
	}
	kind := found.Account.Kind
	if o.Foreign(found.Account) {
		kind = ""
	}
	if err := findAll(ctx, rungs, find, kind); err != nil {
		return Owner{}, err
	}
	if other, err := climb(rungs); err == nil && !other.Account.IsZero() {
		return other, nil
	}
	return found, unclear
}

// findAll replaces names by the accounts that they mean. It drops those that mean none and, if a
// kind is given, those of another kind.
func findAll(ctx context.Context, rungs []rung, find Lookup, kind lockstep.Kind) error {
	lookup := remembered(func(ctx context.Context, named lockstep.Account) (lockstep.Account, error) {
		now, err := find(ctx, named)
		if errors.Is(err, lockstep.ErrNotFound) {
			return lockstep.Account{}, nil
		}
		return now, err
	})
	for i := range rungs {
		var names []lockstep.Account
		for _, named := range rungs[i].names {
			now, err := lookup(ctx, named)
			if err != nil {
				return err
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
func (o *Resolver) update(ctx context.Context, rungs []rung) error {
	lookup := remembered(func(ctx context.Context, named lockstep.Account) (lockstep.Account, error) {
		return Current(ctx, o.Store, named)
	})
	for _, rung := range rungs {
		for i, named := range rung.names {
			now, err := lookup(ctx, named)
			if err != nil {
				return err
			}
			rung.names[i] = now
		}
	}
	return nil
}

// remembered is a lookup that asks once for each name.
func remembered(find Lookup) Lookup {
	known := map[lockstep.Account]lockstep.Account{}
	return func(ctx context.Context, named lockstep.Account) (lockstep.Account, error) {
		if now, found := known[named]; found {
			return now, nil
		}
		now, err := find(ctx, named)
		if err == nil {
			known[named] = now
		}
		return now, err
	}
}

// Find returns an account that we or the directory know, or the user whose external id it is.
func (o *Resolver) Find(ctx context.Context, account lockstep.Account) (lockstep.Account, error) {
	record, err := o.Store.Account(ctx, account)
	switch {
	case err == nil && record.State == lockstep.AccountDeleted:
		err = lockstep.ErrNotFound
	case errors.Is(err, lockstep.ErrNotFound):
		_, err = o.Directory.Identity(ctx, account)
	}
	if errors.Is(err, lockstep.ErrNotFound) && o.External != nil && account.Kind == lockstep.User {
		account, err = o.External.UserOfExternalID(ctx, account.ID)
		if refused(err) {
			err = lockstep.ErrNotFound // it cannot be an external id
		}
	}
	if err != nil {
		return lockstep.Account{}, fmt.Errorf("look up an account: %w", err)
	}
	return account, nil
}

// refused reports whether a provider refused a request: it would do so again.
func refused(err error) bool {
	var upstream *lockstep.UpstreamError
	return errors.As(err, &upstream) && upstream.Rejected()
}

// Assigned returns the account to which an operator assigned an object; zero: no operator decided.
func (o *Resolver) Assigned(ctx context.Context, key lockstep.Key) (lockstep.Account, error) {
	account, err := o.Store.AssignmentOf(ctx, key)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return lockstep.Account{}, nil
	case err == nil && account.IsZero():
		return lockstep.Account{}, ErrUnlinked
	}
	return account, err
}

// Successors tells which account a former one is now, or ErrNotFound.
type Successors interface {
	Successor(ctx context.Context, former lockstep.Account) (lockstep.Account, error)
}

// Current returns the account that a former one is now, or the account itself.
func Current(ctx context.Context, store Successors, account lockstep.Account) (lockstep.Account, error) {
	successor, err := store.Successor(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return account, nil
	}
	return successor, err
}
