package stripesim

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// CancelSubscription cancels as the API does: at once, or with
// cancel_at_period_end. It fails for a subscription that has ended, and at the
// period's end for one that a schedule manages.
func (s *Stripe) CancelSubscription(id string, atPeriodEnd bool) error {
	if atPeriodEnd {
		return s.billing.ChangeCancellation(id, func(sub *state.Subscription) {
			s.billing.ChangeSubscription(sub, func() { s.billing.ScheduleCancel(sub, true, time.Time{}) })
		})
	}
	return s.billing.ChangeLive(id, func(sub *state.Subscription) *api.Error {
		if sub.Status == "incomplete" {
			s.billing.ExpireIncomplete(sub)
		} else {
			s.billing.CancelNow(sub, "cancellation_requested")
		}
		return nil
	})
}

// PortalCancel cancels at the period's end as the customer portal does in
// flexible billing mode: cancel_at is set and cancel_at_period_end stays false.
// It fails for a subscription that a schedule manages.
func (s *Stripe) PortalCancel(id string) error {
	return s.billing.ChangeCancellation(id, func(sub *state.Subscription) {
		s.billing.ChangeSubscription(sub, func() { s.billing.ScheduleCancel(sub, false, sub.PeriodEnd()) })
	})
}

// ResumeSubscription takes a scheduled cancellation back. It fails for a
// subscription that a schedule manages.
func (s *Stripe) ResumeSubscription(id string) error {
	return s.billing.ChangeCancellation(id, s.billing.Keep)
}

// SetCard attaches a card to a customer and makes it the default of the
// customer and of its live subscriptions, as the portal does. Open invoices are
// tried again at their next retry, not at once.
func (s *Stripe) SetCard(customerID, number string) error {
	var err error
	s.account.Change(customerID, func() {
		var customer *state.Customer
		if customer, err = s.account.LiveCustomer(customerID, "customer"); err != nil {
			return
		}
		if failure := s.billing.SetCard(customer, number); failure != nil {
			err = failure
		}
	})
	return err
}
