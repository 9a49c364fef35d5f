package billing

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// CancelNow ends a subscription at once. It emits customer.subscription.deleted
// and no update. Unpaid invoices are not tried again.
func (s *Billing) CancelNow(sub *state.Subscription, reason string) {
	sub.Status, sub.EndedAt = "canceled", s.Now()
	if sub.CanceledAt.IsZero() {
		sub.CanceledAt = s.Now()
	}
	if sub.CancelReason == "" {
		sub.CancelReason = reason
	}
	for _, invoice := range s.State.Invoices.Of(sub.ID) {
		if invoice.Status == "draft" || invoice.Status == "open" {
			invoice.AutoAdvance, invoice.NextAttempt, invoice.FinalizesAt = false, time.Time{}, time.Time{}
		}
	}
	s.Events.Emit("customer.subscription.deleted", s.ShowSubscription(sub), nil)
	s.endSchedule(sub, reason)
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// ScheduleCancel sets or clears a subscription's end in one of two encodings:
// cancel_at_period_end, the classic one of the API, or a time, which the portal
// writes in flexible billing mode. A zero time with atPeriodEnd false clears
// both.
func (s *Billing) ScheduleCancel(sub *state.Subscription, atPeriodEnd bool, at time.Time) {
	sub.CancelAtPeriodEnd, sub.CancelAt = atPeriodEnd, at
	if atPeriodEnd {
		sub.CancelAt = sub.PeriodEnd()
	}
	if sub.CancelAt.IsZero() {
		sub.CanceledAt, sub.CancelReason = time.Time{}, ""
		return
	}
	if sub.CanceledAt.IsZero() {
		sub.CanceledAt = s.Now()
	}
	sub.CancelReason = "cancellation_requested"
	s.At(sub.CancelAt, account.TimerCancel, sub.ID)
}

func (s *Billing) cancelDue(id string) {
	sub := s.State.Subscriptions.Get(id)
	if sub != nil && sub.Live() && !sub.CancelAt.IsZero() && !sub.CancelAt.After(s.Now()) {
		s.cancelAtEnd(sub)
	}
}

// cancelAtEnd ends a subscription at its scheduled time. A last invoice bills
// its pending items.
func (s *Billing) cancelAtEnd(sub *state.Subscription) {
	s.CancelNow(sub, "cancellation_requested")
	own := func(item *state.InvoiceItem) bool { return item.Subscription == sub.ID }
	if len(s.pendingItems(sub.Customer, own)) == 0 {
		return
	}
	invoice := s.draft(sub, "subscription_cycle", nil)
	s.scheduleFinalization(invoice)
	sub.LatestInvoice = invoice.ID
	s.EmitCreated(invoice)
}

// trialWillEnd announces the end of a trial once: three days before it, or at
// once if it is closer.
func (s *Billing) trialWillEnd(id string) {
	sub := s.State.Subscriptions.Get(id)
	if sub == nil || sub.Status != "trialing" || sub.TrialEnd.Add(-trialNotice).After(s.Now()) ||
		sub.TrialNoticed.Equal(sub.TrialEnd) {
		return // ended, moved or already announced
	}
	sub.TrialNoticed = sub.TrialEnd
	s.Events.Emit("customer.subscription.trial_will_end", s.ShowSubscription(sub), nil)
}

// incompleteExpires ends a subscription whose first payment never came.
func (s *Billing) incompleteExpires(id string) {
	sub := s.State.Subscriptions.Get(id)
	if sub == nil || sub.Status != "incomplete" {
		return
	}
	s.ExpireIncomplete(sub)
}

// ExpireIncomplete ends a subscription that never started: its time ran out,
// its first invoice was voided, or it was canceled. It becomes
// incomplete_expired and its first invoice void. There is no
// customer.subscription.deleted.
func (s *Billing) ExpireIncomplete(sub *state.Subscription) {
	s.ChangeSubscription(sub, func() { sub.Status, sub.EndedAt, sub.CanceledAt = "incomplete_expired", s.Now(), s.Now() })
	if invoice := s.State.Invoices.Get(sub.LatestInvoice); invoice != nil && invoice.Status == "open" {
		s.void(invoice)
	}
}

// ChangeCancellation sets or clears the end of a live subscription. It refuses
// one that a schedule manages.
func (s *Billing) ChangeCancellation(id string, change func(*state.Subscription)) error {
	return s.ChangeLive(id, func(sub *state.Subscription) *api.Error {
		if failure := s.refuseManaged(sub); failure != nil {
			return failure
		}
		change(sub)
		return nil
	})
}

// ClearCancellation clears the scheduled end of a subscription.
func (s *Billing) ClearCancellation(sub *state.Subscription) {
	s.ChangeSubscription(sub, func() { s.ScheduleCancel(sub, false, time.Time{}) })
}

// ChangeLive applies a change to a live subscription and emits the update.
func (s *Billing) ChangeLive(id string, change func(*state.Subscription) *api.Error) error {
	var err error
	s.Change(id, func() {
		sub := s.State.Subscriptions.Get(id)
		if sub == nil || !sub.Live() {
			err = api.NoSuch("subscription", id, "id")
			return
		}
		if failure := change(sub); failure != nil {
			err = failure
		}
	})
	return err
}
