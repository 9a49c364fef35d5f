package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// proveClaims raises claimed links to proven where the customer has an address that the
// directory has verified by now. It stores that at once: this run may make the customer the
// primary one, which the store refuses of a claimed one.
func (r *run) proveClaims(ctx context.Context) error {
	for _, l := range r.now.Customers() {
		if l.Trust != lockstep.Claimed {
			continue
		}
		c, err := r.Billing.Customer(ctx, l.CustomerID)
		switch {
		case errors.Is(err, lockstep.ErrNotFound), err == nil && c.Deleted:
			continue
		case err != nil:
			return fmt.Errorf("look at a claimed customer: %w", err)
		}
		trust, err := r.Owners.vouch(ctx, *r.identity, c)
		if err != nil {
			return err
		}
		if trust != lockstep.Proven {
			continue
		}
		if err := r.Store.Link(ctx, r.claim, *r.identity, l.CustomerID, lockstep.Proven); err != nil {
			return fmt.Errorf("prove the link of a customer: %w", err)
		}
		r.setFurther(l.CustomerID, func(l *lockstep.Link) { l.Trust = lockstep.Proven })
	}
	return nil
}

// contest gives a customer up if metadata of it, or of what hangs on it, names another
// account: only the secret key can write metadata, and whoever paid must have what they paid
// for. Only a claimed customer can be contested, or any customer of a deleted account.
func (r *run) contest(ctx context.Context, customerID string, metadata map[string]string) (released bool, err error) {
	named, ok := lockstep.AccountNamedIn(r.Owners.readable(metadata))
	if !ok || named == r.account || !r.now.Claims(customerID) && r.now.State != lockstep.AccountDeleted {
		return false, nil
	}
	if now, err := current(ctx, r.Store, named); err != nil || now == r.account {
		return false, err
	}
	c, err := r.Billing.Customer(ctx, customerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound), err == nil && c.Deleted:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look at a claimed customer: %w", err)
	}
	owner, err := r.Owners.ofCustomer(ctx, c)
	switch {
	case unresolved(err), err == nil && (owner.trust != lockstep.Proven || owner.account == r.account):
		return false, nil
	case err != nil:
		return false, err
	}
	if _, err := r.Owners.find(ctx, owner.account); err != nil {
		if errors.Is(err, lockstep.ErrNotFound) {
			err = nil // it names nobody who could pay with the customer
		}
		return false, err
	}
	if err := r.Store.Release(ctx, r.claim, customerID); err != nil {
		return false, err
	}
	r.Log.Info("a customer goes to the account that its metadata names", "from", r.account.String(), "to",
		owner.account.String(), "customer", customerID)
	r.was, r.now = without(r.was, customerID), without(r.now, customerID)
	return true, nil
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

// choosePrimary has an empty primary customer yield to a proven one that has something:
// users get an empty customer when they sign up, and then buy through a payment link,
// which makes another.
func (r *run) choosePrimary(ctx context.Context) error {
	if r.absent || !r.now.Live() || r.has(r.now.CustomerID) {
		return nil
	}
	var candidates []lockstep.Link
	for _, l := range r.now.Customers() {
		if !l.Primary && l.Trust == lockstep.Proven {
			candidates = append(candidates, l)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	used, err := r.Billing.Used(ctx, r.now.CustomerID)
	if err != nil || used {
		return r.unseen(err)
	}
	for _, l := range candidates {
		used := r.has(l.CustomerID)
		if !used {
			if used, err = r.Billing.Used(ctx, l.CustomerID); err != nil {
				return r.unseen(err)
			}
		}
		if used {
			return r.promote(ctx, l.CustomerID)
		}
	}
	return nil
}

// unseen ignores that Stripe does not find a customer, which proves nothing. That a restricted
// key may not read it is recorded as a problem, and the run goes on.
func (r *run) unseen(err error) error {
	if err == nil || errors.Is(err, lockstep.ErrNotFound) {
		return nil
	}
	var upstream *lockstep.UpstreamError
	if errors.As(err, &upstream) && upstream.Status == forbidden {
		r.refuse(lockstep.StepBilling, "", upstream, upstream.Error()+"; allow the restricted key to read charges and payment methods")
		return nil
	}
	return fmt.Errorf("look at what a customer has: %w", err)
}

// forbidden is the status with which Stripe answers a key that lacks a permission.
const forbidden = 403

// has reports whether a customer has had a subscription, as far as we know.
func (r *run) has(customerID string) bool {
	return slices.ContainsFunc(r.now.Subscriptions, func(
		s lockstep.Subscription) bool {
		return s.CustomerID == customerID
	})
}

// proven returns a further customer that can be the primary one, one with a subscription
// that has not ended first; empty: none.
func (r *run) proven() (customerID string) {
	for _, l := range r.now.Customers() {
		if l.Trust != lockstep.Proven || l.Primary {
			continue
		}
		live := func(s lockstep.Subscription) bool { return s.CustomerID == l.CustomerID && !s.Ended() }
		if slices.ContainsFunc(r.now.Subscriptions, live) {
			return l.CustomerID
		}
		if customerID == "" {
			customerID = l.CustomerID
		}
	}
	return customerID
}

// promote makes a further customer whose link is proven the primary one.
func (r *run) promote(ctx context.Context, customerID string) error {
	c, err := r.Billing.Customer(ctx, customerID)
	if err != nil {
		return fmt.Errorf("look at customer: %w", err)
	}
	if c.Deleted {
		r.markCustomerDeleted(customerID)
		return nil
	}
	r.setPrimary(c)
	r.Log.Info("another customer is the primary one now", "account", r.account.String(), "customer", customerID)
	return nil
}

// setPrimary puts a customer in the place of the primary one, which becomes a further one.
func (r *run) setPrimary(c lockstep.Customer) {
	former := lockstep.Link{CustomerID: r.now.CustomerID, Account: r.account, Trust: lockstep.Proven,
		Deleted: r.now.CustomerDeleted}
	r.now.Further = slices.DeleteFunc(slices.Clone(r.now.Further),
		func(l lockstep.Link) bool { return l.CustomerID == c.ID })
	if former.CustomerID != "" {
		r.now.Further = append(r.now.Further, former)
	}
	r.now.CustomerID, r.now.CustomerDeleted = c.ID, false
	r.customer = nil
	r.takeOver(c)
}

// setFurther changes what the record says of a further customer.
func (r *run) setFurther(customerID string, change func(*lockstep.Link)) {
	r.now.Further = slices.Clone(r.now.Further)
	for i := range r.now.Further {
		if r.now.Further[i].CustomerID == customerID {
			change(&r.now.Further[i])
		}
	}
}
