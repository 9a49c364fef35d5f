package discounts

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
)

// Discounts redeems coupons and takes discounts off what is billed.
type Discounts struct {
	*account.Account

	Catalog *catalog.Catalog
	Events  *events.Events
}

// Routes returns the operations of this package.
func (s *Discounts) Routes() []api.Route {
	return s.discountRoutes()
}
