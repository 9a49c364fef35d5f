package reconcile

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// billing brings a draft's billing state up to date. It has the reader read, and gives up
// customers whose objects name another account.
type billing struct {
	reader reader
	claims claims
}

func (as *Accounts) billing() billing { return billing{as.reader(), as.claims()} }

// observe reads what may have changed according to the scope. Silence proves nothing: an empty
// list or a 404 takes nothing away. made: the customer was created in this run.
func (b billing) observe(ctx context.Context, d *draft, absent, made bool) error {
	if d.scope.Has(lockstep.ScopePayments) {
		d.mark(reviews(d.now.Licenses)...)
	}
	switch {
	case d.now.CustomerID == "" && len(d.now.Further) == 0:
		return nil
	case made && len(d.now.Further) == 0: // there is nothing to read yet
		d.now.Entitlements = nil
		return nil
	}
	if d.scope.Has(lockstep.ScopeSubscriptions) {
		if err := b.readSubscriptions(ctx, d, absent); err != nil {
			return err
		}
		entitlements, err := b.reader.entitlements(ctx, d.now.Customers())
		if err != nil {
			return err
		}
		d.now.Entitlements = entitlements
	}
	if d.scope.Has(lockstep.ScopePayments) {
		return b.readPayments(ctx, d)
	}
	return nil
}

// readSubscriptions replaces what we know by what Stripe says now.
func (b billing) readSubscriptions(ctx context.Context, d *draft, absent bool) error {
	var listed []lockstep.Subscription
	for _, l := range toList(d.was, d.now) {
		some, err := b.reader.list(ctx, l)
		if err != nil {
			return err
		}
		released, err := b.contest(ctx, d, l.CustomerID, some)
		if err != nil {
			return err
		}
		if !released {
			listed = append(listed, some...)
		}
	}
	subscriptions, err := b.reader.complete(ctx, d.query(absent), listed)
	if err != nil {
		return err
	}
	if err := observeConfirmations(ctx, b.reader.billing, subscriptions); err != nil {
		return err
	}
	d.now.Subscriptions = subscriptions
	return nil
}

// contest gives a customer up if one of its subscriptions names another account.
func (b billing) contest(ctx context.Context, d *draft, customerID string,
	subscriptions []lockstep.Subscription) (released bool, err error) {
	for _, s := range subscriptions {
		if released, err := b.claims.contest(ctx, d, customerID, s.Metadata); released || err != nil {
			return released, err
		}
	}
	return false, nil
}

// readPayments marks the one-time payments that have no license yet. Each has its own key.
func (b billing) readPayments(ctx context.Context, d *draft) error {
	customers := d.now.Customers()
	sessions, err := b.reader.sessions(ctx, customers)
	d.now.Subscriptions = slices.Clone(d.now.Subscriptions)
	for customerID, of := range sessions {
		nameAtCheckout(b.reader.catalog.PlanMetadata, d.now.Subscriptions, customerID, of)
	}
	if err != nil {
		return err
	}
	for _, l := range customers {
		d.mark(unlicensed(d.now, sessions[l.CustomerID])...)
	}
	return nil
}

// toList returns the customers whose subscriptions are listed. Those of a deleted customer are
// listed once more when it was found deleted; later they stay what they were.
func toList(was, now lockstep.Record) []lockstep.Link {
	links := now.Customers()
	if now.CustomerDeleted {
		links = append(links, lockstep.Link{CustomerID: now.CustomerID, Primary: true, Deleted: true})
	}
	for _, l := range was.Customers() {
		deleted := func(now lockstep.Link) bool { return now.CustomerID == l.CustomerID && now.Deleted }
		if slices.ContainsFunc(now.Further, deleted) {
			links = append(links, lockstep.Link{CustomerID: l.CustomerID, Deleted: true})
		}
	}
	return links
}

// unlicensed returns marks of the one-time payments among sessions that have no license.
func unlicensed(r lockstep.Record, sessions []lockstep.Checkout) (marks []lockstep.Mark) {
	for _, s := range sessions {
		_, makes := lockstep.LicenseOf(s, r.Account)
		has := slices.ContainsFunc(r.Licenses, func(l lockstep.License) bool { return l.ID == s.ID })
		if makes && !has {
			marks = append(marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: s.ID},
				Priority: lockstep.Normal})
		}
	}
	return marks
}

// reviews returns marks of the payments that have a license: one may have been refunded, also if
// its customer was deleted since, or if it never had one.
func reviews(licenses []lockstep.License) (marks []lockstep.Mark) {
	for _, l := range licenses {
		marks = append(marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: l.ID},
			Priority: lockstep.Background})
	}
	return marks
}

// notFoundIs reports whether err only says that Stripe does not know a customer that is not the
// primary one. That proves nothing.
func notFoundIs(err error, l lockstep.Link) bool {
	return errors.Is(err, lockstep.ErrNotFound) && (!l.Primary || l.Deleted)
}
