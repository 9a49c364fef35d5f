package payments

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
)

// Payments charges payment methods, and refunds and disputes charges.
type Payments struct {
	*account.Account

	Customers *customers.Customers
	Events    *events.Events
}

// Routes returns the operations of this package.
func (s *Payments) Routes() []api.Route {
	return slices.Concat(
		s.chargeRoutes(),
		s.refundRoutes(),
		s.disputeRoutes(),
	)
}

// Timers returns what this package does when a timer is due, by kind.
func (s *Payments) Timers() map[string]func(id string) {
	return map[string]func(id string){
		account.TimerRefund: s.refundSettles,
	}
}
