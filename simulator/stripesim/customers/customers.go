package customers

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
)

// Customers are who pays, and the payment methods they pay with.
type Customers struct {
	*account.Account

	Discounts *discounts.Discounts
	Events    *events.Events
}

// Routes lists the operations of this part.
func (s *Customers) Routes() []api.Route {
	return slices.Concat(
		s.customerRoutes(),
		s.balanceRoutes(),
		s.testClockRoutes(),
		s.paymentMethodRoutes(),
	)
}

// Timers is what happens when a timer of this part is due, by its kind.
func (s *Customers) Timers() map[string]func(id string) {
	return map[string]func(id string){
		account.TimerClockDue:   s.clockDue,
		account.TimerClockRuns:  s.clockRuns,
		account.TimerClockReady: s.clockReady,
	}
}
