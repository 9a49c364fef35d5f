package billing

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/payments"
)

// Billing runs subscriptions, their schedules and their invoices.
type Billing struct {
	*account.Account

	Catalog   *catalog.Catalog
	Customers *customers.Customers
	Discounts *discounts.Discounts
	Events    *events.Events
	Payments  *payments.Payments
	Dunning   Dunning
}

// Routes returns the operations of this package.
func (s *Billing) Routes() []api.Route {
	return slices.Concat(
		s.removalRoutes(),
		s.subscriptionRoutes(),
		s.subscriptionItemRoutes(),
		s.scheduleRoutes(),
		s.invoicePreviewRoutes(),
		s.invoiceRoutes(),
		s.invoiceItemRoutes(),
		s.invoicePaymentRoutes(),
	)
}

// Timers returns what this package does when a timer is due, by kind.
func (s *Billing) Timers() map[string]func(id string) {
	return map[string]func(id string){
		account.TimerClockExpire: s.clockExpires,
		account.TimerPeriod:      s.periodEnds,
		account.TimerCancel:      s.cancelDue,
		account.TimerTrialEnds:   s.trialWillEnd,
		account.TimerIncomplete:  s.incompleteExpires,
		account.TimerFinalize:    s.draftEnds,
		account.TimerRetry:       s.retryDue,
		account.TimerOverdue:     s.overdue,
		account.TimerUpcoming:    s.upcoming,
		account.TimerUnpause:     s.unpauseDue,
		account.TimerPending:     s.pendingExpires,
		account.TimerResume:      s.resumptionExpires,
		account.TimerPhase:       s.advanceSchedule,
		account.TimerExpiring:    s.scheduleExpiring,
		account.TimerDiscount:    s.discountEnds,
	}
}
