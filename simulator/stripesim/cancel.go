package stripesim

import "time"

// cancelNow ends a subscription at once: customer.subscription.deleted, no
// *updated event. Invoices that are not paid are no longer tried.
func (s *Stripe) cancelNow(sub *Subscription, reason string) {
	sub.Status, sub.EndedAt = "canceled", s.now()
	if sub.CanceledAt.IsZero() {
		sub.CanceledAt = s.now()
	}
	if sub.CancelReason == "" {
		sub.CancelReason = reason
	}
	for _, invoice := range s.state.Invoices.Of(sub.ID) {
		if invoice.Status == "draft" || invoice.Status == "open" {
			invoice.AutoAdvance, invoice.NextAttempt, invoice.FinalizesAt = false, time.Time{}, time.Time{}
		}
	}
	s.emit("customer.subscription.deleted", s.showSubscription(sub), nil)
	s.endWith(sub, reason)
	s.refreshEntitlements(sub.Customer)
}

// scheduleCancel sets or clears the end in one of the two encodings: at the
// period's end (the API's classic one), or at a time (what the portal writes in
// flexible billing mode). A zero time with atPeriodEnd false clears both.
func (s *Stripe) scheduleCancel(sub *Subscription, atPeriodEnd bool, at time.Time) {
	sub.CancelAtPeriodEnd, sub.CancelAt = atPeriodEnd, at
	if atPeriodEnd {
		sub.CancelAt = sub.PeriodEnd()
	}
	if sub.CancelAt.IsZero() {
		sub.CanceledAt, sub.CancelReason = time.Time{}, ""
		return
	}
	if sub.CanceledAt.IsZero() {
		sub.CanceledAt = s.now()
	}
	sub.CancelReason = "cancellation_requested"
	s.at(sub.CancelAt, timerCancel, sub.ID)
}

func (s *Stripe) cancelComes(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub != nil && sub.live() && !sub.CancelAt.IsZero() && !sub.CancelAt.After(s.now()) {
		s.cancelAtEnd(sub)
	}
}

// cancelAtEnd ends a subscription at the time that was set for it. What is
// pending of it is billed with a last invoice.
func (s *Stripe) cancelAtEnd(sub *Subscription) {
	s.cancelNow(sub, "cancellation_requested")
	own := func(item *InvoiceItem) bool { return item.Subscription == sub.ID }
	if len(s.pendingItems(sub.Customer, own)) == 0 {
		return
	}
	invoice := s.draft(sub, "subscription_cycle", nil)
	s.scheduleFinalization(invoice)
	sub.LatestInvoice = invoice.ID
	s.emitCreated(invoice)
}

// trialWillEnd announces the end of a trial, once: three days before, or at once
// when it is nearer.
func (s *Stripe) trialWillEnd(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub == nil || sub.Status != "trialing" || sub.TrialEnd.Add(-trialNotice).After(s.now()) ||
		sub.TrialNoticed.Equal(sub.TrialEnd) {
		return // it was ended, moved, or announced
	}
	sub.TrialNoticed = sub.TrialEnd
	s.emit("customer.subscription.trial_will_end", s.showSubscription(sub), nil)
}

// incompleteExpires ends a subscription whose first payment was not made.
func (s *Stripe) incompleteExpires(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub == nil || sub.Status != "incomplete" {
		return
	}
	s.expireIncomplete(sub)
}

// expireIncomplete ends a subscription that never began, because its time is over,
// its first invoice was voided, or it was canceled: it is incomplete_expired and
// its first invoice void. There is no customer.subscription.deleted.
func (s *Stripe) expireIncomplete(sub *Subscription) {
	s.changeSubscription(sub, func() { sub.Status, sub.EndedAt, sub.CanceledAt = "incomplete_expired", s.now(), s.now() })
	if invoice := s.state.Invoices.Get(sub.LatestInvoice); invoice != nil && invoice.Status == "open" {
		s.void(invoice)
	}
}

// CancelSubscription cancels as the API does: at once, or with
// cancel_at_period_end. It fails for a subscription that has ended, and at the
// period's end for one that a schedule manages.
func (s *Stripe) CancelSubscription(id string, atPeriodEnd bool) error {
	if atPeriodEnd {
		return s.changeCancellation(id, func(sub *Subscription) {
			s.changeSubscription(sub, func() { s.scheduleCancel(sub, true, time.Time{}) })
		})
	}
	return s.changeLive(id, func(sub *Subscription) *Error {
		if sub.Status == "incomplete" {
			s.expireIncomplete(sub)
		} else {
			s.cancelNow(sub, "cancellation_requested")
		}
		return nil
	})
}

// PortalCancel cancels at the period's end as the customer portal does in
// flexible billing mode: cancel_at is set and cancel_at_period_end stays false.
// It fails for a subscription that a schedule manages.
func (s *Stripe) PortalCancel(id string) error {
	return s.changeCancellation(id, func(sub *Subscription) {
		s.changeSubscription(sub, func() { s.scheduleCancel(sub, false, sub.PeriodEnd()) })
	})
}

// ResumeSubscription takes a scheduled cancellation back. It fails for a
// subscription that a schedule manages.
func (s *Stripe) ResumeSubscription(id string) error {
	return s.changeCancellation(id, s.keep)
}

// changeCancellation sets or clears the end of a live subscription, unless a
// schedule manages it.
func (s *Stripe) changeCancellation(id string, change func(*Subscription)) error {
	return s.changeLive(id, func(sub *Subscription) *Error {
		if failure := s.managed(sub); failure != nil {
			return failure
		}
		change(sub)
		return nil
	})
}

func (s *Stripe) keep(sub *Subscription) {
	s.changeSubscription(sub, func() { s.scheduleCancel(sub, false, time.Time{}) })
}

func (s *Stripe) changeLive(id string, change func(*Subscription) *Error) error {
	var err error
	s.change(id, func() {
		sub := s.state.Subscriptions.Get(id)
		if sub == nil || !sub.live() {
			err = noSuch("subscription", id, "id")
			return
		}
		if failure := change(sub); failure != nil {
			err = failure
		}
	})
	return err
}
