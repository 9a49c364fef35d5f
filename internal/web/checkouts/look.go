package checkouts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// look reads what the account has: the sessions and subscriptions of all its customers at Stripe now,
// and our record of what former customers had.
func (p *purchase) look(ctx context.Context) (lockstep.Holdings, error) {
	has := lockstep.Holdings{Several: p.Policy.Several}
	record, err := p.Store.Account(ctx, p.order.Account)
	if err != nil {
		return has, err
	}
	if err := p.lookPrimary(ctx, &has); err != nil {
		return has, err
	}
	for _, l := range record.Customers() {
		if l.CustomerID == p.customerID {
			continue
		}
		if l.Trust == lockstep.Claimed {
			has.Claimed = append(has.Claimed, l.CustomerID)
		}
		if err := p.lookFurther(ctx, l.CustomerID, &has); err != nil {
			return has, err
		}
	}
	for n := range has.Subscriptions {
		if err := p.recall(ctx, &has.Subscriptions[n], record); err != nil {
			return has, err
		}
	}
	p.addRecorded(record, &has)
	return has, nil
}

// lookPrimary reads the customer that pays. The sessions come first. A session that is paid before we
// read them has its subscription when we read those. One that is paid afterwards was open, and an open
// session is never ignored.
func (p *purchase) lookPrimary(ctx context.Context, has *lockstep.Holdings) (err error) {
	if has.Checkouts, err = p.Stripe.Checkouts(ctx, p.customerID); err != nil {
		return err
	}
	has.Subscriptions, err = p.Stripe.Subscriptions(ctx, p.customerID)
	return err
}

// lookFurther adds what a further customer has. If Stripe does not find the customer, our record has
// everything.
func (s *Service) lookFurther(ctx context.Context, customerID string, has *lockstep.Holdings) error {
	checkouts, err := s.Stripe.Checkouts(ctx, customerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	subscriptions, err := s.Stripe.Subscriptions(ctx, customerID)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	has.Checkouts, has.Subscriptions = append(has.Checkouts, checkouts...), append(has.Subscriptions, subscriptions...)
	return nil
}

// recall adds to a subscription from Stripe what our record knows about it: the names of its prices, and
// the plan that the app named.
func (s *Service) recall(ctx context.Context, subscription *lockstep.Subscription, record lockstep.Record) error {
	var known []lockstep.Item
	for _, was := range record.Subscriptions {
		if was.ID == subscription.ID {
			known, subscription.PlanNamed = was.Items, was.PlanNamed
		}
	}
	if key := s.Catalog.PlanMetadata; key != "" && subscription.Metadata[key] != "" {
		subscription.PlanNamed = subscription.Metadata[key]
	}
	return s.Book.Recall(ctx, pricebook.Lookup{Items: subscription.Items, Known: known, Recurring: true})
}

// addRecorded adds the licenses, and the subscriptions that Stripe did not list.
func (p *purchase) addRecorded(record lockstep.Record, has *lockstep.Holdings) {
	for _, recorded := range record.Subscriptions {
		if slices.ContainsFunc(has.Subscriptions, func(now lockstep.Subscription) bool { return now.ID == recorded.ID }) {
			continue
		}
		if now, read := p.fresh[recorded.ID]; read {
			recorded = now
		}
		has.Subscriptions = append(has.Subscriptions, recorded)
	}
	has.Licenses = record.Licenses
}

// clear returns the open session that the same order started, and expires all other open sessions of
// ours. changed is true if one of them was paid meanwhile.
func (s *Service) clear(ctx context.Context, sessions []lockstep.Checkout,
	sign imprint) (same *lockstep.Checkout, changed bool, err error) {
	for i, session := range sessions {
		from := imprintOf(session)
		if session.Status != "open" || from.order == "" {
			continue
		}
		if same == nil && from.order == sign.order && session.URL != "" && time.Until(session.ExpiresAt) > freshness {
			same = &sessions[i]
			continue
		}
		var upstream *lockstep.UpstreamError
		err := s.Stripe.CloseCheckout(ctx, session.ID)
		switch {
		case errors.As(err, &upstream) && upstream.Rejected():
			return nil, true, nil
		case err != nil:
			return nil, false, err
		}
	}
	return same, false, nil
}
