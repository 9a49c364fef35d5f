package stripesim

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// CancelSubscription cancels a subscription as the API does: at once, or with
// cancel_at_period_end. It fails if the subscription has ended, and at the
// period's end also if a schedule manages it.
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
// flexible billing mode: it sets cancel_at and leaves cancel_at_period_end
// false. It fails if a schedule manages the subscription.
func (s *Stripe) PortalCancel(id string) error {
	return s.billing.ChangeCancellation(id, func(sub *state.Subscription) {
		s.billing.ChangeSubscription(sub, func() { s.billing.ScheduleCancel(sub, false, sub.PeriodEnd()) })
	})
}

// ResumeSubscription clears a scheduled cancellation. It fails if a schedule
// manages the subscription.
func (s *Stripe) ResumeSubscription(id string) error {
	return s.billing.ChangeCancellation(id, s.billing.ClearCancellation)
}

// SetCard attaches a card to a customer and makes it the default of the
// customer and of live subscriptions, as the portal does. Open invoices are
// tried at their next retry, not at once.
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
