package billing

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const (
	draftTime       = time.Hour          // from a renewal's draft to its finalization
	upcomingNotice  = 7 * 24 * time.Hour // invoice.upcoming before a renewal; Stripe's default setting
	trialNotice     = 3 * 24 * time.Hour // customer.subscription.trial_will_end before the trial's end
	incompleteLimit = 23 * time.Hour     // for the first payment of a subscription
)

// periodEnds renews a subscription, ends its trial, or ends it.
func (s *Billing) periodEnds(id string) {
	sub := s.State.Subscriptions.Get(id)
	if sub == nil || !sub.Live() || sub.Status == "paused" || sub.Status == "incomplete" ||
		sub.PeriodEnd().After(s.Now()) {
		return // canceled meanwhile, or moved by a change of plan
	}
	if s.phaseDue(sub) { // first, because the renewal bills its change
		s.advanceSchedule(sub.Schedule)
		if !sub.Live() || sub.PeriodEnd().After(s.Now()) {
			return
		}
	}
	if sub.CancelAtPeriodEnd || !sub.CancelAt.IsZero() && !sub.CancelAt.After(s.Now()) {
		s.cancelAtEnd(sub)
		return
	}
	switch {
	case sub.Status != "trialing" || !s.stopsWithoutMethod(sub):
		s.renew(sub)
	case sub.TrialEndBehavior == "cancel":
		s.CancelNow(sub, "")
	default:
		s.pause(sub)
	}
}

// stopsWithoutMethod reports whether a subscription stops at the end of its
// trial because it has no payment method.
func (s *Billing) stopsWithoutMethod(sub *state.Subscription) bool {
	return (sub.TrialEndBehavior == "cancel" || sub.TrialEndBehavior == "pause") && s.MethodFor(sub) == nil &&
		sub.CollectionMethod != "send_invoice"
}

// renew starts the next period of each item whose period is over, and drafts
// the invoice. The invoice is charged an hour later; until then the new period
// is unpaid.
func (s *Billing) renew(sub *state.Subscription) {
	before := s.ShowSubscription(sub)
	if sub.Status == "trialing" {
		sub.Status = "active"
	}
	past := sub.Items[0]
	var renewed []state.SubscriptionItem
	for i := range sub.Items {
		if item := &sub.Items[i]; !item.PeriodEnd.After(s.Now()) {
			past = *item
			s.beginItem(sub, item, item.PeriodEnd)
			renewed = append(renewed, *item)
		}
	}
	s.beganPeriod(sub)
	invoice := s.draft(sub, "subscription_cycle", s.lines(sub, renewed))
	invoice.PeriodStart, invoice.PeriodEnd = past.PeriodStart, past.PeriodEnd // a renewal's invoice shows the past period
	invoice.AutoAdvance = sub.Status != "unpaid" && sub.PauseBehavior != "keep_as_draft"
	s.scheduleFinalization(invoice)
	sub.LatestInvoice = invoice.ID
	s.Events.EmitUpdate("customer.subscription.updated", before, s.ShowSubscription(sub))
	s.EmitCreated(invoice)
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// beginPeriod starts a period of every item.
func (s *Billing) beginPeriod(sub *state.Subscription, start time.Time) {
	for i := range sub.Items {
		s.beginItem(sub, &sub.Items[i], start)
	}
	s.beganPeriod(sub)
}

// beginItem sets the period of an item and a timer for its end. Before the
// anchor the period is shorter and ends at the anchor.
func (s *Billing) beginItem(sub *state.Subscription, item *state.SubscriptionItem, start time.Time) {
	price := s.State.Prices.Get(item.Price)
	item.PeriodStart, item.PeriodEnd = start, state.After(sub.Anchor, start, price.Interval, price.Count())
	s.At(item.PeriodEnd, account.TimerPeriod, sub.ID)
}

// beganPeriod does what every new period requires.
func (s *Billing) beganPeriod(sub *state.Subscription) {
	if sub.CancelAtPeriodEnd {
		sub.CancelAt = sub.PeriodEnd()
	}
	sub.Features = s.Catalog.FeaturesOf(sub.Items)
	if notice := sub.PeriodEnd().Add(-upcomingNotice); notice.After(s.Now()) {
		s.At(notice, account.TimerUpcoming, sub.ID)
	}
}

// LinesOf returns the lines for a whole period of every item.
func (s *Billing) LinesOf(sub *state.Subscription) []state.InvoiceLine {
	return s.lines(sub, sub.Items)
}

// lines returns the lines for whole periods, newest item first. A period cut
// short by the anchor costs its share.
func (s *Billing) lines(sub *state.Subscription, items []state.SubscriptionItem) []state.InvoiceLine {
	var lines []state.InvoiceLine
	for _, item := range slices.Backward(items) {
		price := s.State.Prices.Get(item.Price)
		line := state.InvoiceLine{Price: item.Price, Quantity: item.Quantity, Item: item.ID, PeriodStart: item.PeriodStart,
			PeriodEnd: item.PeriodEnd, Amount: price.Amount * item.Quantity, Metadata: item.Metadata}
		if sub.Status == "trialing" {
			line.Amount, line.Description = 0, "Trial period for "+s.State.Products.Get(price.Product).Name
		}
		lines = append(lines, line)
	}
	return lines
}
