package catalog

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
)

// Catalog holds what an account sells: products, prices, coupons and features.
type Catalog struct {
	*account.Account

	Events *events.Events
}

// Routes returns the operations of this package.
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
