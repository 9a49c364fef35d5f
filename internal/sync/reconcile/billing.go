package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// observeBilling reads what the scope says could have changed. Nothing is ever
// concluded from silence: an empty list, or a 404, takes nothing away.
func (r *run) observeBilling(ctx context.Context) error {
	if r.scope.Has(lockstep.ScopePayments) {
		r.reviewLicenses()
	}
	if r.now.CustomerID == "" && len(r.now.Further) == 0 {
		return nil
	}
	if r.made && len(r.now.Further) == 0 { // there is nothing yet, and what comes is told by events
		r.now.Entitlements = nil
		return nil
	}
	if r.scope.Has(lockstep.ScopeSubscriptions) {
		if err := r.observeSubscriptions(ctx); err != nil {
			return err
		}
		if err := r.observeEntitlements(ctx); err != nil {
			return err
		}
		if err := observeConfirmations(ctx, r.Billing, r.now.Subscriptions); err != nil {
			return err
		}
	}
	if r.scope.Has(lockstep.ScopePayments) {
		return r.findPayments(ctx)
	}
	return nil
}

// observeCustomers finds out which of the customers Stripe has deleted.
func (r *run) observeCustomers(ctx context.Context) error {
	if !r.scope.Has(lockstep.ScopeCustomer) {
		return nil
	}
	if r.now.Live() {
		if err := r.observePrimary(ctx); err != nil {
			return err
		}
	}
	for _, l := range r.now.Customers() {
		if l.Primary {
			continue
		}
		c, err := r.Billing.Customer(ctx, l.CustomerID)
		switch {
		case errors.Is(err, lockstep.ErrNotFound): // no evidence of anything
		case err != nil:
			return fmt.Errorf("look at customer: %w", err)
		case c.Deleted:
			r.markCustomerDeleted(l.CustomerID)
		default:
			if _, err := r.contest(ctx, l.CustomerID, c.Metadata); err != nil {
				return err
			}
		}
	}
	return nil
}

// observePrimary looks at the primary customer.
func (r *run) observePrimary(ctx context.Context) error {
	c, err := r.Billing.Customer(ctx, r.now.CustomerID)
	if err != nil {
		return fmt.Errorf("look at customer: %w", err)
	}
	r.customer = &c
	switch {
	case c.Deleted:
		r.markCustomerDeleted(c.ID)
	case r.now.CustomerEmail == "" && r.now.CustomerName == "": // linked without a look at it
		r.takeOver(c)
	}
	return nil
}

// markCustomerDeleted records that Stripe has deleted a customer. What it had is looked at once more.
func (r *run) markCustomerDeleted(customerID string) {
	if customerID == r.now.CustomerID {
		r.now.CustomerDeleted = true
	} else {
		r.setFurther(customerID, func(l *lockstep.Link) { l.Deleted = true })
	}
	r.scope |= lockstep.ScopeSubscriptions
}

// listed are the subscriptions that Stripe lists for the account's customers. Those of a
// deleted customer are listed once more when it was found deleted; later they are what
// they were then.
func (r *run) listed(ctx context.Context) (all []lockstep.Subscription, err error) {
	customers := r.now.Customers()
	if r.now.CustomerDeleted {
		customers = append(customers, lockstep.Link{CustomerID: r.now.CustomerID, Primary: true, Deleted: true})
	}
	for _, l := range r.was.Customers() {
		deleted := func(now lockstep.Link) bool { return now.CustomerID == l.CustomerID && now.Deleted }
		if slices.ContainsFunc(r.now.Further, deleted) {
			customers = append(customers, lockstep.Link{CustomerID: l.CustomerID, Deleted: true})
		}
	}
	for _, l := range customers {
		some, err := r.listedOf(ctx, l)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// listedOf are the subscriptions that Stripe lists for a customer, as long as it is the
// account's.
func (r *run) listedOf(ctx context.Context, l lockstep.Link) ([]lockstep.Subscription, error) {
	subscriptions, err := r.Billing.Subscriptions(ctx, l.CustomerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound) && (l.Deleted || !l.Primary):
		return nil, nil // no evidence of anything
	case err != nil:
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	for _, s := range subscriptions {
		if released, err := r.contest(ctx, l.CustomerID, s.Metadata); released || err != nil {
			return nil, err
		}
	}
	return subscriptions, nil
}

// observeSubscriptions replaces what we know by what Stripe says now. One that
// is no longer listed is asked for by its id, and kept as it is if even that
// finds nothing.
func (r *run) observeSubscriptions(ctx context.Context) error {
	listed, err := r.listed(ctx)
	if err != nil {
		return err
	}
	for _, known := range r.now.Subscriptions {
		if slices.ContainsFunc(listed, func(s lockstep.Subscription) bool { return s.ID == known.ID }) {
			continue
		}
		if !known.Ended() {
			now, err := r.Billing.Subscription(ctx, known.ID)
			switch {
			case err == nil:
				known = now
			case !errors.Is(err, lockstep.ErrNotFound):
				return fmt.Errorf("look at subscription: %w", err)
			default:
				r.Log.Warn("Stripe no longer lists a subscription; kept as it was",
					"account", r.account.String(), "subscription", known.ID, "status", known.Status)
			}
		}
		listed = append(listed, known)
	}
	if err := r.interpret(ctx, listed, time.Now()); err != nil {
		return err
	}
	for i := range listed {
		if listed[i].PaidBy, err = r.payerOf(ctx, listed[i]); err != nil {
			return err
		}
	}
	slices.SortFunc(listed, func(a, b lockstep.Subscription) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	r.now.Subscriptions = listed
	return nil
}

// payerOf returns the user who pays an organization's subscription, whose metadata shows
// it as well: the user whom the subscription names beside the organization, or, when it is
// seen first and names only the organization, the member who has the customer's address.
func (r *run) payerOf(ctx context.Context, s lockstep.Subscription) (string, error) {
	if r.account.Kind != lockstep.Organization {
		return "", nil
	}
	at := slices.IndexFunc(r.was.Subscriptions, func(known lockstep.Subscription) bool { return known.ID == s.ID })
	s.PaidBy = r.Owners.buyer(s.PaidBy)
	switch {
	case s.PaidBy != "":
		return r.payer(ctx, s.PaidBy)
	case at >= 0:
		return r.was.Subscriptions[at].PaidBy, nil
	case s.Ended(), r.absent, r.now.State == lockstep.AccountDeleted:
		return "", nil
	}
	return r.Owners.payer(ctx, r.account, s.CustomerID)
}

// observeEntitlements reads what Stripe entitles the customer to, where that is asked
// for. It follows from the subscriptions, so it is read when they are. A customer that Stripe
// says to be deleted is entitled to nothing.
func (r *run) observeEntitlements(ctx context.Context) error {
	customers := r.now.Customers()
	if !r.Entitled || len(customers) == 0 {
		r.now.Entitlements = nil
		return nil
	}
	features := []string{}
	for _, l := range customers {
		some, err := r.Billing.Entitlements(ctx, l.CustomerID)
		switch {
		case errors.Is(err, lockstep.ErrNotFound) && !l.Primary: // no evidence of anything
		case err != nil:
			return fmt.Errorf("list entitlements: %w", err)
		}
		features = append(features, some...)
	}
	slices.Sort(features)
	r.now.Entitlements = slices.Compact(features)
	return nil
}

// findPayments marks the one-time payments that have no license yet. Each is a
// key of its own.
func (r *run) findPayments(ctx context.Context) error {
	var sessions []lockstep.Checkout
	for _, l := range r.now.Customers() {
		some, err := r.Billing.Checkouts(ctx, l.CustomerID)
		switch {
		case errors.Is(err, lockstep.ErrNotFound) && !l.Primary: // no evidence of anything
		case err != nil:
			return fmt.Errorf("list checkout sessions: %w", err)
		}
		if err == nil {
			r.nameAtCheckout(r.now.Subscriptions, l.CustomerID, some)
		}
		sessions = append(sessions, some...)
	}
	for _, s := range sessions {
		_, makes := lockstep.LicenseOf(s, r.account)
		has := slices.ContainsFunc(r.now.Licenses, func(l lockstep.License) bool { return l.ID == s.ID })
		if makes && !has {
			r.marks = append(r.marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: s.ID},
				Priority: lockstep.Normal})
		}
	}
	return nil
}

// reviewLicenses marks the payments that have a license: one may have been given
// back, also when its customer is deleted since, or when there never was one.
func (r *run) reviewLicenses() {
	for _, l := range r.now.Licenses {
		r.marks = append(r.marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: l.ID},
			Priority: lockstep.Background})
	}
}
