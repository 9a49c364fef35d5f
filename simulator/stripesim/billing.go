package stripesim

import (
	"slices"
	"time"
)

const (
	draftTime       = time.Hour          // between a renewal's draft and its finalization
	upcomingNotice  = 7 * 24 * time.Hour // invoice.upcoming before a renewal; the account's setting, this is its default
	trialNotice     = 3 * 24 * time.Hour // customer.subscription.trial_will_end before the end
	incompleteLimit = 23 * time.Hour     // for the first payment of a subscription
)

func (s *Stripe) registerTimers() {
	handle := func(kind string, run func(string)) {
		s.world.Handle("stripe."+kind, run)
		s.runners[kind] = run
	}
	handle(timerClockDue, s.clockDue)
	handle(timerClockRuns, s.clockRuns)
	handle(timerClockReady, s.clockReady)
	handle(timerClockExpire, s.clockExpires)
	handle(timerPeriod, s.periodEnds)
	handle(timerCancel, s.cancelComes)
	handle(timerTrialEnds, s.trialWillEnd)
	handle(timerIncomplete, s.incompleteExpires)
	handle(timerFinalize, s.draftEnds)
	handle(timerRetry, s.retryComes)
	handle(timerOverdue, s.overdue)
	handle(timerUpcoming, s.upcoming)
	handle(timerUnpause, s.unpauseComes)
	handle(timerPending, s.pendingExpires)
	handle(timerResume, s.resumptionExpires)
	handle(timerPhase, s.phaseComes)
	handle(timerExpiring, s.expiring)
	handle(timerSettle, s.settles)
	handle(timerAuthorization, s.authorizationExpires)
	handle(timerRefund, s.refundSettles)
	handle(timerDiscount, s.discountEnds)
	handle(timerSession, func(id string) {
		if session := s.state.Sessions.Get(id); session.Status == "open" && !session.ExpiresAt.After(s.now()) {
			s.expireSession(session)
		}
	})
}

// periodEnds renews, ends a trial, or ends the subscription.
func (s *Stripe) periodEnds(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub == nil || !sub.live() || sub.Status == "paused" || sub.Status == "incomplete" ||
		sub.PeriodEnd().After(s.now()) {
		return // canceled meanwhile, or the period was moved by a change of plan
	}
	if s.phaseDue(sub) { // it comes first: the renewal bills what it changes
		s.phaseComes(sub.Schedule)
		if !sub.live() || sub.PeriodEnd().After(s.now()) {
			return
		}
	}
	if sub.CancelAtPeriodEnd || !sub.CancelAt.IsZero() && !sub.CancelAt.After(s.now()) {
		s.cancelAtEnd(sub)
		return
	}
	switch {
	case sub.Status != "trialing" || !s.stopsWithoutMethod(sub):
		s.renew(sub)
	case sub.TrialEndBehavior == "cancel":
		s.cancelNow(sub, "")
	default:
		s.pause(sub)
	}
}

// stopsWithoutMethod says whether the end of the trial is not the begin of a paid
// period, because there is nothing to pay with.
func (s *Stripe) stopsWithoutMethod(sub *Subscription) bool {
	return (sub.TrialEndBehavior == "cancel" || sub.TrialEndBehavior == "pause") && s.methodFor(sub) == nil &&
		sub.CollectionMethod != "send_invoice"
}

// renew moves the periods that are over and drafts their invoice. The money is
// asked for an hour later; until then the subscription stands in a period that
// is not paid.
func (s *Stripe) renew(sub *Subscription) {
	before := s.showSubscription(sub)
	if sub.Status == "trialing" {
		sub.Status = "active"
	}
	past := sub.Items[0]
	var renewed []SubscriptionItem
	for i := range sub.Items {
		if item := &sub.Items[i]; !item.PeriodEnd.After(s.now()) {
			past = *item
			s.beginItem(sub, item, item.PeriodEnd)
			renewed = append(renewed, *item)
		}
	}
	s.beganPeriod(sub)
	invoice := s.draft(sub, "subscription_cycle", s.lines(sub, renewed))
	invoice.PeriodStart, invoice.PeriodEnd = past.PeriodStart, past.PeriodEnd // it looks back one period
	invoice.AutoAdvance = sub.Status != "unpaid" && sub.PauseBehavior != "keep_as_draft"
	s.scheduleFinalization(invoice)
	sub.LatestInvoice = invoice.ID
	s.emitUpdate("customer.subscription.updated", before, s.showSubscription(sub))
	s.emitCreated(invoice)
	s.refreshEntitlements(sub.Customer)
}

// beginPeriod begins a period of every item at start.
func (s *Stripe) beginPeriod(sub *Subscription, start time.Time) {
	for i := range sub.Items {
		s.beginItem(sub, &sub.Items[i], start)
	}
	s.beganPeriod(sub)
}

// beginItem sets the period of one item and the timer of its end. Before the
// anchor the period is a shorter one, up to it.
func (s *Stripe) beginItem(sub *Subscription, item *SubscriptionItem, start time.Time) {
	price := s.state.Prices.Get(item.Price)
	item.PeriodStart, item.PeriodEnd = start, after(sub.Anchor, start, price.Interval, price.count())
	s.at(item.PeriodEnd, timerPeriod, sub.ID)
}

// beganPeriod does what every begin of a period brings about.
func (s *Stripe) beganPeriod(sub *Subscription) {
	if sub.CancelAtPeriodEnd {
		sub.CancelAt = sub.PeriodEnd()
	}
	sub.Features = s.featuresOf(sub.Items)
	if notice := sub.PeriodEnd().Add(-upcomingNotice); notice.After(s.now()) {
		s.at(notice, timerUpcoming, sub.ID)
	}
}

// linesOf returns the lines of a whole period of every item.
func (s *Stripe) linesOf(sub *Subscription) []InvoiceLine { return s.lines(sub, sub.Items) }

// lines returns the lines of whole periods, the newest item first. A period cut
// short by the anchor costs its part of a whole one.
func (s *Stripe) lines(sub *Subscription, items []SubscriptionItem) []InvoiceLine {
	var lines []InvoiceLine
	for _, item := range slices.Backward(items) {
		price := s.state.Prices.Get(item.Price)
		line := InvoiceLine{Price: item.Price, Quantity: item.Quantity, Item: item.ID, PeriodStart: item.PeriodStart,
			PeriodEnd: item.PeriodEnd,
			Amount:    price.Amount * item.Quantity, Metadata: item.Metadata}
		if sub.Status == "trialing" {
			line.Amount, line.Description = 0, "Trial period for "+s.state.Products.Get(price.Product).Name
		}
		lines = append(lines, line)
	}
	return lines
}
