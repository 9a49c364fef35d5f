package backfill

import (
	"context"
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

func (b *Reconciler) stage(ctx context.Context, claim lockstep.Claim, next lockstep.Backfill,
	page lockstep.BackfillPage) (lockstep.Backfill, error) {
	return next, b.Store.Stage(ctx, claim, Encode(next), page)
}

func (b *Reconciler) listCustomers(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if err := b.stripe.wait(ctx, b.StripeRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Billing.CustomersPage(ctx, at.Page)
	if err != nil {
		return at, err
	}
	if at.Page == "" && next != "" { // with several pages, an estimate of the rest is worth some calls
		oldest, err := b.Billing.OldestCustomer(ctx)
		if err != nil {
			return at, err
		}
		at.Oldest = max(oldest.Unix(), 0)
	}
	var last time.Time
	if len(page) > 0 {
		last = page[len(page)-1].CreatedAt
	}
	count(&at, &at.Report.Customers, len(page), last)
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Customers: page})
}

func (b *Reconciler) listSubscriptions(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if err := b.stripe.wait(ctx, b.StripeRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Billing.SubscriptionsPage(ctx, at.Page)
	if err != nil {
		return at, err
	}
	var last time.Time
	if len(page) > 0 {
		last = page[len(page)-1].CreatedAt
	}
	count(&at, &at.Report.Subscriptions, len(page), last)
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Subscriptions: page})
}

func (b *Reconciler) listCheckouts(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if err := b.stripe.wait(ctx, b.StripeRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Billing.CompletedCheckouts(ctx, at.Page)
	if err != nil {
		return at, err
	}
	var last time.Time
	for i := range page {
		page[i].Metadata, last = b.Owners.Readable(page[i].Metadata), page[i].CreatedAt
	}
	count(&at, &at.Report.Checkouts, len(page), last)
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Checkouts: page})
}

func (b *Reconciler) listUsers(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	return b.listIdentities(ctx, claim, at, lockstep.User)
}

func (b *Reconciler) listOrganizations(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	return b.listIdentities(ctx, claim, at, lockstep.Organization)
}

// listIdentities lists the accounts to which customers could belong. Without a customer or a
// session there is nothing to link, and the directory's sweep lists the accounts anyway.
func (b *Reconciler) listIdentities(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill,
	kind lockstep.Kind) (lockstep.Backfill, error) {
	if at.Report.Customers == 0 && at.Report.Checkouts == 0 {
		return b.save(ctx, claim, following(at, ""), nil)
	}
	if err := b.clerk.wait(ctx, b.ClerkRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Directory.Identities(ctx, kind, at.Page)
	if errors.Is(err, lockstep.ErrNotFound) && at.Page != "" {
		at.Page = "" // the identity that the page starts after is gone: list this kind again
		return b.save(ctx, claim, at, nil)
	}
	if err != nil {
		return at, err
	}
	for i := range page {
		page[i].CustomerIDs = ownership.NamedCustomers(page[i], b.CustomerKey)
	}
	total := &at.Report.Users
	if kind == lockstep.Organization {
		total = &at.Report.Organizations
	}
	count(&at, total, len(page), time.Time{})
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Identities: page})
}
