package catalog

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
)

// Catalog is what an account sells.
type Catalog struct {
	*account.Account

	Events *events.Events
}

// Routes lists the operations of this part.
func (s *Catalog) Routes() []api.Route {
	return slices.Concat(
		s.productRoutes(),
		s.priceRoutes(),
		s.planRoutes(),
		s.taxRateRoutes(),
		s.couponRoutes(),
		s.promotionCodeRoutes(),
		s.entitlementRoutes(),
	)
}
