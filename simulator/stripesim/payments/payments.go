package payments

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
)

// Payments charges payment methods, refunds charges and disputes them.
type Payments struct {
	*account.Account

	Customers *customers.Customers
	Events    *events.Events
}

// Routes lists the operations of this part.
func (s *Payments) Routes() []api.Route {
	return slices.Concat(
		s.chargeRoutes(),
		s.refundRoutes(),
		s.disputeRoutes(),
	)
}

// Timers is what happens when a timer of this part is due, by its kind.
func (s *Payments) Timers() map[string]func(id string) {
	return map[string]func(id string){
		account.TimerRefund: s.refundSettles,
	}
}
