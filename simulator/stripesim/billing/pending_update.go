package billing

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// pendingLifetime is how long a pending update waits for its payment.
const pendingLifetime = 23 * time.Hour

// alterWhenPaid bills an alteration first and applies it once that is paid
// (payment_behavior=pending_if_incomplete).
func (s *Billing) alterWhenPaid(sub *state.Subscription, to alteration, result outcome) *api.Error {
	s.addProrations(result.prorations)
	lines := result.lines
	invoice := s.draft(sub, "subscription_update", lines)
	invoice.ProrationDate = to.at
	s.ChangeSubscription(sub, func() {
		s.dropPending(sub)
		sub.LatestInvoice = invoice.ID
		sub.PendingUpdate = &state.PendingUpdate{ExpiresAt: s.Now().Add(pendingLifetime), Invoice: invoice.ID,
			Items: result.next.Items, ProrationDate: to.at}
		if result.begins {
			sub.PendingUpdate.Anchor = result.next.Anchor
		}
	})
	s.At(sub.PendingUpdate.ExpiresAt, account.TimerPending, sub.ID)
	s.EmitCreated(invoice)
	s.finalize(invoice)
	failed := func(invoice *state.Invoice) {
		invoice.AutoAdvance = false
		invoice.Attempts++
		s.Events.Emit("invoice.payment_failed", s.ShowInvoice(invoice), nil)
	}
	switch method := s.methodOf(invoice); {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
	case method == nil:
		failed(invoice)
	default:
		_ = s.attempt(invoice, method, to.offSession, failed) // if it fails, the update stays pending
	}
	return nil
}

// applyPending applies a pending update whose invoice was paid.
func (s *Billing) applyPending(sub *state.Subscription) {
	update := sub.PendingUpdate
	before := s.ShowSubscription(sub)
	sub.PendingUpdate, sub.Items = nil, update.Items
	s.indexItems(sub)
	if !update.Anchor.IsZero() {
		sub.Anchor = update.Anchor
		s.beganPeriod(sub)
	}
	for _, item := range sub.Items {
		s.At(item.PeriodEnd, account.TimerPeriod, sub.ID)
	}
	sub.Features = s.Catalog.FeaturesOf(sub.Items)
	after := s.ShowSubscription(sub)
	s.Events.Emit("customer.subscription.pending_update_applied", after, nil)
	s.Events.EmitUpdate("customer.subscription.updated", before, after)
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// pendingExpires drops a pending update whose invoice was not paid in time.
func (s *Billing) pendingExpires(id string) {
	sub := s.State.Subscriptions.Get(id)
	if sub == nil || sub.PendingUpdate == nil || sub.PendingUpdate.ExpiresAt.After(s.Now()) {
		return
	}
	before := s.ShowSubscription(sub)
	s.dropPending(sub)
	after := s.ShowSubscription(sub)
	s.Events.Emit("customer.subscription.pending_update_expired", after, nil)
	s.Events.EmitUpdate("customer.subscription.updated", before, after)
}

// dropPending removes a pending update and voids its invoice.
func (s *Billing) dropPending(sub *state.Subscription) {
	if sub.PendingUpdate == nil {
		return
	}
	invoice := s.State.Invoices.Get(sub.PendingUpdate.Invoice)
	sub.PendingUpdate = nil
	if invoice.Status == "open" {
		s.void(invoice)
	}
}
