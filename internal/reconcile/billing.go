package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// observeBilling reads what the scope says could have changed. Nothing is ever
// concluded from silence: an empty list, or a 404, takes nothing away.
func (r *run) observeBilling(ctx context.Context) error {
	if r.scope.Has(lockstep.ScopePayments) {
		r.reviewLicenses()
	}
	if r.now.CustomerID == "" {
		return nil
	}
	if r.made { // there is nothing yet, and what comes is told by events
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
	}
	if r.scope.Has(lockstep.ScopePayments) {
		return r.findPayments(ctx)
	}
	return nil
}

// observeCustomer finds out whether the customer still is one.
func (r *run) observeCustomer(ctx context.Context) error {
	if !r.now.Live() || !r.scope.Has(lockstep.ScopeCustomer) {
		return nil
	}
	c, err := r.Billing.Customer(ctx, r.now.CustomerID)
	if err != nil {
		return fmt.Errorf("look at customer: %w", err)
	}
	switch {
	case c.Deleted:
		r.now.CustomerDeleted = true
		r.scope |= lockstep.ScopeSubscriptions
	case r.now.CustomerEmail == "" && r.now.CustomerName == "": // linked without a look at it
		r.takeOver(c)
	}
	return nil
}

// observeSubscriptions replaces what we know by what Stripe says now. One that
// is no longer listed is asked for by its id, and kept as it is if even that
// finds nothing.
func (r *run) observeSubscriptions(ctx context.Context) error {
	listed, err := r.Billing.Subscriptions(ctx, r.now.CustomerID)
	if err != nil && (!r.now.CustomerDeleted || !errors.Is(err, lockstep.ErrNotFound)) {
		return fmt.Errorf("list subscriptions: %w", err)
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
	for i := range listed {
		listed[i].Items = slices.Clone(listed[i].Items) // one that is kept shares them with what was known
		if err := r.Products.name(ctx, r.Catalog, listed[i].Items); err != nil {
			return err
		}
		if r.account.Kind == lockstep.User {
			listed[i].PaidBy = ""
		}
		if listed[i].PaidBy, err = r.payer(ctx, listed[i].PaidBy); err != nil {
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

// observeEntitlements reads what Stripe entitles the customer to, where that is asked
// for. It follows from the subscriptions, so it is read when they are. A customer that Stripe
// says to be deleted is entitled to nothing.
func (r *run) observeEntitlements(ctx context.Context) (err error) {
	if !r.Entitled || r.now.CustomerDeleted {
		r.now.Entitlements = nil
		return nil
	}
	r.now.Entitlements, err = r.Billing.Entitlements(ctx, r.now.CustomerID)
	if err != nil {
		return fmt.Errorf("list entitlements: %w", err)
	}
	return nil
}

// findPayments marks the one-time payments that have no license yet. Each is a
// key of its own.
func (r *run) findPayments(ctx context.Context) error {
	if r.now.CustomerDeleted {
		return nil
	}
	sessions, err := r.Billing.Checkouts(ctx, r.now.CustomerID)
	if err != nil {
		return fmt.Errorf("list checkout sessions: %w", err)
	}
	for _, s := range sessions {
		_, makes := lockstep.LicenseOf(s, r.account)
		has := slices.ContainsFunc(r.now.Licenses, func(l lockstep.License) bool { return l.ID == s.ID })
		if makes && !has {
			r.marks = append(r.marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: s.ID}, Priority: lockstep.Normal})
		}
	}
	return nil
}

// reviewLicenses marks the payments that have a license: one may have been given
// back, also when its customer is deleted since, or when there never was one.
func (r *run) reviewLicenses() {
	for _, l := range r.now.Licenses {
		r.marks = append(r.marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: l.ID}, Priority: lockstep.Background})
	}
}
