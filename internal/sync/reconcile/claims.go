package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// claimStore is the store as [claims] uses it.
type claimStore interface {
	ownership.Successors
	Link(ctx context.Context, claim lockstep.Claim, identity lockstep.Identity, customerID string,
		trust lockstep.Trust) error
	Release(ctx context.Context, claim lockstep.Claim, customerID string) error
}

// CustomerReader reads customers at Stripe. Errors are as those of [lockstep.Billing].
type CustomerReader interface {
	Customer(ctx context.Context, id string) (lockstep.Customer, error)
}

// claims proves claimed links, and gives customers up to the accounts that they belong to.
type claims struct {
	store   claimStore
	billing CustomerReader
	owners  *ownership.Resolver
	log     *slog.Logger
}

func (as *Accounts) claims() claims { return claims{as.Store, as.Providers.Billing, as.Owners, as.Log} }

// prove raises claimed links to proven if the directory has verified the customer's address by
// now. It stores that at once: this run may make the customer the primary one, and the store
// refuses that for a claimed one.
func (c claims) prove(ctx context.Context, d *draft, identity lockstep.Identity) error {
	for _, l := range d.now.Customers() {
		if l.Trust != lockstep.Claimed {
			continue
		}
		customer, living, err := readLiving(ctx, c.billing, l.CustomerID)
		if err != nil {
			return err
		}
		if !living {
			continue
		}
		trust, err := c.owners.Vouch(ctx, identity, customer)
		if err != nil {
			return err
		}
		if trust != lockstep.Proven {
			continue
		}
		if err := c.store.Link(ctx, d.claim, identity, l.CustomerID, lockstep.Proven); err != nil {
			return fmt.Errorf("prove the link of a customer: %w", err)
		}
		d.setFurther(l.CustomerID, func(l *lockstep.Link) { l.Trust = lockstep.Proven })
	}
	return nil
}

// readLiving reads a customer that may not exist, or may be deleted.
func readLiving(ctx context.Context, billing CustomerReader, id string) (c lockstep.Customer, living bool, err error) {
	c, err = billing.Customer(ctx, id)
	switch {
	case errors.Is(err, lockstep.ErrNotFound), err == nil && c.Deleted:
		return c, false, nil
	case err != nil:
		return c, false, fmt.Errorf("read customer: %w", err)
	}
	return c, true, nil
}

// contest gives a customer up if metadata of it, or of one of its objects, names another
// account: only the secret key can write metadata, and whoever paid must get what they paid
// for. Only a claimed customer can be contested, or any customer of a deleted account.
func (c claims) contest(ctx context.Context, d *draft, customerID string, metadata map[string]string) (released bool,
	err error) {
	named, ok := lockstep.AccountNamedIn(c.owners.Readable(metadata))
	if !ok || named == d.account || !d.now.Claims(customerID) && d.now.State != lockstep.AccountDeleted {
		return false, nil
	}
	if now, err := ownership.Current(ctx, c.store, named); err != nil || now == d.account {
		return false, err
	}
	owner, found, err := c.otherOwner(ctx, d.account, customerID)
	if err != nil || !found {
		return false, err
	}
	if err := c.store.Release(ctx, d.claim, customerID); err != nil {
		return false, err
	}
	c.log.InfoContext(ctx, "customer released to the account that its metadata names", "from", d.account.String(), "to",
		owner.String(), "customer", customerID)
	d.was, d.now = without(d.was, customerID), without(d.now, customerID)
	return true, nil
}

// otherOwner returns the account that proves to own a customer, if it is another one than
// account and could pay with the customer.
func (c claims) otherOwner(ctx context.Context, account lockstep.Account, customerID string) (none lockstep.Account,
	found bool, err error) {
	customer, living, err := readLiving(ctx, c.billing, customerID)
	if err != nil || !living {
		return none, false, err
	}
	owner, err := c.owners.OfCustomer(ctx, customer)
	switch {
	case ownership.Unresolved(err), err == nil && (owner.Trust != lockstep.Proven || owner.Account == account):
		return none, false, nil
	case err != nil:
		return none, false, err
	}
	_, err = c.owners.Find(ctx, owner.Account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return none, false, nil
	}
	return owner.Account, err == nil, err
}

// without returns a record without a customer and its subscriptions.
func without(r lockstep.Record, customerID string) lockstep.Record {
	if r.CustomerID == customerID {
		r.CustomerID, r.CustomerDeleted = "", false
	}
	r.Further = slices.DeleteFunc(slices.Clone(r.Further),
		func(l lockstep.Link) bool { return l.CustomerID == customerID })
	r.Subscriptions = slices.DeleteFunc(slices.Clone(r.Subscriptions),
		func(s lockstep.Subscription) bool { return s.CustomerID == customerID })
	return r
}
