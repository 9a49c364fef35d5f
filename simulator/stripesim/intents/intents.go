package intents

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/checkout"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/payments"
)

// Intents confirms payment and setup intents and does what follows from their
// outcome.
type Intents struct {
	*account.Account

	Billing   *billing.Billing
	Checkout  *checkout.Checkout
	Customers *customers.Customers
	Events    *events.Events
	Payments  *payments.Payments
}

// Routes returns the operations of this package.
func (s *Intents) Routes() []api.Route {
	return slices.Concat(
		s.paymentRoutes(),
		s.setupRoutes(),
		s.paymentPageRoutes(),
		s.captureRoutes(),
	)
}

// Timers returns what this package does when a timer is due, by kind.
func (s *Intents) Timers() map[string]func(id string) {
	return map[string]func(id string){
		account.TimerSettle:        s.settleDelayed,
		account.TimerAuthorization: s.authorizationExpires,
	}
}
