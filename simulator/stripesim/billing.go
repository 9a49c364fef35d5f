package stripesim

import (
	"time"
)

const (
	draftTime       = time.Hour          // between a renewal's draft and its finalization
	trialNotice     = 3 * 24 * time.Hour // customer.subscription.trial_will_end before the end
	incompleteLimit = 23 * time.Hour     // for the first payment of a subscription
	delayedOutcome  = 24 * time.Hour     // of a delayed payment method
)

const (
	timerPeriod     = "subscription.period"
	timerCancel     = "subscription.cancel_at"
	timerTrialEnds  = "subscription.trial_will_end"
	timerIncomplete = "subscription.incomplete"
	timerFinalize   = "invoice.finalize"
	timerRetry      = "invoice.retry"
	timerSettle     = "payment_intent.settle"
	timerSession    = "checkout.session.expire"
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
	handle(timerSettle, s.settles)
	handle(timerSession, func(id string) {
		if session := s.state.Sessions.Get(id); session.Status == "open" && !session.ExpiresAt.After(s.now()) {
			s.expireSession(session)
		}
	})
}

// periodEnds renews, ends a trial, or ends the subscription.
func (s *Stripe) periodEnds(id string) {
	sub := s.state.Subscriptions.Get(id)
	if !sub.live() || sub.Status == "paused" || sub.Status == "incomplete" || sub.PeriodEnd().After(s.now()) {
		return // canceled meanwhile, or the period was moved by a change of plan
	}
	if sub.CancelAtPeriodEnd || !sub.CancelAt.IsZero() && !sub.CancelAt.After(s.now()) {
		s.cancelNow(sub, "cancellation_requested")
		return
	}
	if sub.Status == "trialing" && s.methodFor(sub) == nil {
		switch sub.TrialEndBehavior {
		case "cancel":
			s.cancelNow(sub, "")
			return
		case "pause":
			s.pause(sub)
			return
		}
	}
	s.renew(sub)
}

// renew moves the period and drafts its invoice. The money is asked for an hour
// later; until then the subscription stands in a period that is not paid.
func (s *Stripe) renew(sub *Subscription) {
	before := s.showSubscription(sub)
	if sub.Status == "trialing" {
		sub.Status = "active"
	}
	s.beginPeriod(sub, sub.PeriodEnd())
	invoice := s.draft(sub, "subscription_cycle", s.linesOf(sub))
	invoice.FinalizesAt = s.now().Add(draftTime)
	sub.LatestInvoice = invoice.ID
	s.at(invoice.FinalizesAt, timerFinalize, invoice.ID)
	s.emitUpdate("customer.subscription.updated", before, s.showSubscription(sub))
	s.emit("invoice.created", s.showInvoice(invoice), nil)
	s.refreshEntitlements(sub.Customer)
}

// beginPeriod sets the period that begins at start and the timers of its end.
func (s *Stripe) beginPeriod(sub *Subscription, start time.Time) {
	price := s.state.Prices.Get(sub.Items[0].Price)
	end := after(sub.Anchor, start, price.Interval, price.count())
	for i := range sub.Items {
		sub.Items[i].PeriodStart, sub.Items[i].PeriodEnd = start, end
	}
	if sub.CancelAtPeriodEnd {
		sub.CancelAt = end
	}
	sub.Features = s.featuresOf(sub.Items)
	s.at(end, timerPeriod, sub.ID)
}

// linesOf returns the lines of a whole period.
func (s *Stripe) linesOf(sub *Subscription) []InvoiceLine {
	lines := make([]InvoiceLine, len(sub.Items))
	for i, item := range sub.Items {
		lines[i] = InvoiceLine{Price: item.Price, Quantity: item.Quantity, Item: item.ID, PeriodStart: item.PeriodStart, PeriodEnd: item.PeriodEnd,
			Amount: s.state.Prices.Get(item.Price).Amount * item.Quantity}
		if sub.Status == "trialing" {
			lines[i].Amount = 0
		}
	}
	return lines
}
