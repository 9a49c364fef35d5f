package customers

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
)

// Customers holds customers, their payment methods, their balances and their
// test clocks.
type Customers struct {
	*account.Account

	Discounts *discounts.Discounts
	Events    *events.Events
}

// Routes returns the operations of this package.
func (s *Customers) Routes() []api.Route {
	return slices.Concat(
		s.customerRoutes(),
		s.balanceRoutes(),
		s.testClockRoutes(),
		s.paymentMethodRoutes(),
	)
}

// Timers returns what this package does when a timer is due, by kind.
func (s *Customers) Timers() map[string]func(id string) {
	return map[string]func(id string){
		account.TimerClockDue:   s.clockDue,
		account.TimerClockRuns:  s.clockRuns,
		account.TimerClockReady: s.clockReady,
	}
}
