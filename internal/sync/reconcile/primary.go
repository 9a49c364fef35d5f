package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// primaries decides which of an account's customers is the primary one.
type primaries struct {
	billing interface {
		CustomerReader
		Used(ctx context.Context, customerID string) (bool, error)
	}
	log *slog.Logger
}

func (as *Accounts) primaries() primaries { return primaries{as.Providers.Billing, as.Log} }

// choose replaces an unused primary customer by a proven one that was used: users get an empty
// customer when they sign up, and a payment link creates another when they buy.
func (p primaries) choose(ctx context.Context, d *draft) error {
	if !d.now.Live() || hasSubscription(d.now, d.now.CustomerID) {
		return nil
	}
	var candidates []lockstep.Link
	for _, l := range d.now.Customers() {
		if !l.Primary && l.Trust == lockstep.Proven {
			candidates = append(candidates, l)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	if used, err := p.billing.Used(ctx, d.now.CustomerID); err != nil || used {
		return unseen(ctx, d, err)
	}
	for _, l := range candidates {
		used := hasSubscription(d.now, l.CustomerID)
		if !used {
			var err error
			if used, err = p.billing.Used(ctx, l.CustomerID); err != nil {
				return unseen(ctx, d, err)
			}
		}
		if used {
			return p.promote(ctx, d, l.CustomerID)
		}
	}
	return nil
}

// forbidden is the status with which Stripe answers a key that lacks a permission.
const forbidden = 403

// unseen ignores that Stripe does not find a customer, which proves nothing. If a restricted key
// may not read it, that becomes a problem, and the run continues.
func unseen(ctx context.Context, d *draft, err error) error {
	if err == nil || errors.Is(err, lockstep.ErrNotFound) {
		return nil
	}
	var upstream *lockstep.UpstreamError
	if errors.As(err, &upstream) && upstream.Status == forbidden {
		d.refuse(ctx, lockstep.StepBilling, "", upstream,
			upstream.Error()+"; allow the restricted key to read charges and payment methods")
		return nil
	}
	return fmt.Errorf("read whether a customer was used: %w", err)
}

// hasSubscription reports whether we know of any subscription of a customer.
func hasSubscription(r lockstep.Record, customerID string) bool {
	return slices.ContainsFunc(r.Subscriptions,
		func(s lockstep.Subscription) bool { return s.CustomerID == customerID })
}

// bestFurther returns a further customer that can become the primary one, preferably one with a
// subscription that has not ended; empty: there is none.
func bestFurther(r lockstep.Record) (customerID string) {
	for _, l := range r.Customers() {
		if l.Trust != lockstep.Proven || l.Primary {
			continue
		}
		live := func(s lockstep.Subscription) bool { return s.CustomerID == l.CustomerID && !s.Ended() }
		if slices.ContainsFunc(r.Subscriptions, live) {
			return l.CustomerID
		}
		if customerID == "" {
			customerID = l.CustomerID
		}
	}
	return customerID
}

// promote makes a further customer with a proven link the primary one.
func (p primaries) promote(ctx context.Context, d *draft, customerID string) error {
	c, err := p.billing.Customer(ctx, customerID)
	if err != nil {
		return fmt.Errorf("read customer: %w", err)
	}
	if c.Deleted {
		d.markCustomerDeleted(customerID)
		return nil
	}
	d.setPrimary(c)
	p.log.InfoContext(ctx, "primary customer replaced", "account", d.account.String(), "customer", customerID)
	return nil
}

// readPrimary reads the primary customer into the draft.
func readPrimary(ctx context.Context, billing CustomerReader, d *draft) (*lockstep.Customer, error) {
	c, err := billing.Customer(ctx, d.now.CustomerID)
	if err != nil {
		return nil, fmt.Errorf("read customer: %w", err)
	}
	switch {
	case c.Deleted:
		d.markCustomerDeleted(c.ID)
	case d.now.CustomerEmail == "" && d.now.CustomerName == "": // its link was made without reading it
		d.takeOver(c)
	}
	return &c, nil
}

// setPrimary makes a customer the primary one. The former primary becomes a further customer.
func (d *draft) setPrimary(c lockstep.Customer) {
	former := lockstep.Link{CustomerID: d.now.CustomerID, Account: d.account, Trust: lockstep.Proven,
		Deleted: d.now.CustomerDeleted}
	d.now.Further = slices.DeleteFunc(slices.Clone(d.now.Further),
		func(l lockstep.Link) bool { return l.CustomerID == c.ID })
	if former.CustomerID != "" {
		d.now.Further = append(d.now.Further, former)
	}
	d.now.CustomerID, d.now.CustomerDeleted = c.ID, false
	d.takeOver(c)
}

// setFurther changes what the record says about a further customer.
func (d *draft) setFurther(customerID string, change func(*lockstep.Link)) {
	d.now.Further = slices.Clone(d.now.Further)
	for i := range d.now.Further {
		if d.now.Further[i].CustomerID == customerID {
			change(&d.now.Further[i])
		}
	}
}

// markCustomerDeleted records that Stripe has deleted a customer. Its subscriptions are read once
// more.
func (d *draft) markCustomerDeleted(customerID string) {
	if customerID == d.now.CustomerID {
		d.now.CustomerDeleted = true
	} else {
		d.setFurther(customerID, func(l *lockstep.Link) { l.Deleted = true })
	}
	d.scope |= lockstep.ScopeSubscriptions
}

// takeOver records which values we have written to a customer that is being linked. For one that
// we create, they are the intent's. On any other customer another person may have written the
// values, so they stay, and only an empty field is filled in.
func (d *draft) takeOver(c lockstep.Customer) {
	if intent := d.now.Intent; intent != nil {
		d.now.CustomerEmail, d.now.CustomerName = intent.Email, intent.Name
		return
	}
	known := lockstep.NewCustomerDetails(d.now.Email, d.now.Name)
	d.now.CustomerEmail, d.now.CustomerName = "", ""
	if c.Email != "" {
		d.now.CustomerEmail = known.Email
	}
	if c.Name != "" {
		d.now.CustomerName = known.Name
	}
}
