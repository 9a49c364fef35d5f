package stripesim

import "time"

// pendingLifetime is how long a pending update waits for its payment.
const pendingLifetime = 23 * time.Hour

// alterWhenPaid bills an alteration first and applies it only when that is paid
// (payment_behavior=pending_if_incomplete).
func (s *Stripe) alterWhenPaid(sub *Subscription, to alteration, result outcome) *Error {
	s.addProrations(result.prorations)
	lines := result.lines
	invoice := s.draft(sub, "subscription_update", lines)
	invoice.ProrationDate = to.at
	s.changeSubscription(sub, func() {
		s.dropPending(sub)
		sub.LatestInvoice = invoice.ID
		sub.PendingUpdate = &PendingUpdate{ExpiresAt: s.now().Add(pendingLifetime), Invoice: invoice.ID,
			Items: result.next.Items, ProrationDate: to.at}
		if result.begins {
			sub.PendingUpdate.Anchor = result.next.Anchor
		}
	})
	s.at(sub.PendingUpdate.ExpiresAt, timerPending, sub.ID)
	s.emitCreated(invoice)
	s.finalize(invoice)
	failed := func(invoice *Invoice) {
		invoice.AutoAdvance = false
		invoice.Attempts++
		s.emit("invoice.payment_failed", s.showInvoice(invoice), nil)
	}
	switch method := s.methodOf(invoice); {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
	case method == nil:
		failed(invoice)
	default:
		_ = s.attempt(invoice, method, to.offSession, failed) // what is not paid stays pending, which is the answer
	}
	return nil
}

// applyPending makes a pending update real, once its invoice is paid.
func (s *Stripe) applyPending(sub *Subscription) {
	update := sub.PendingUpdate
	before := s.showSubscription(sub)
	sub.PendingUpdate, sub.Items = nil, update.Items
	s.indexItems(sub)
	if !update.Anchor.IsZero() {
		sub.Anchor = update.Anchor
		s.beganPeriod(sub)
	}
	for _, item := range sub.Items {
		s.at(item.PeriodEnd, timerPeriod, sub.ID)
	}
	sub.Features = s.featuresOf(sub.Items)
	after := s.showSubscription(sub)
	s.emit("customer.subscription.pending_update_applied", after, nil)
	s.emitUpdate("customer.subscription.updated", before, after)
	s.refreshEntitlements(sub.Customer)
}

// pendingExpires gives a pending update up whose invoice was not paid in time.
func (s *Stripe) pendingExpires(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub == nil || sub.PendingUpdate == nil || sub.PendingUpdate.ExpiresAt.After(s.now()) {
		return
	}
	before := s.showSubscription(sub)
	s.dropPending(sub)
	after := s.showSubscription(sub)
	s.emit("customer.subscription.pending_update_expired", after, nil)
	s.emitUpdate("customer.subscription.updated", before, after)
}

// dropPending forgets a pending update and voids its invoice.
func (s *Stripe) dropPending(sub *Subscription) {
	if sub.PendingUpdate == nil {
		return
	}
	invoice := s.state.Invoices.Get(sub.PendingUpdate.Invoice)
	sub.PendingUpdate = nil
	if invoice.Status == "open" {
		s.void(invoice)
	}
}
