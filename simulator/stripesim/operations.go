package stripesim

import (
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// allRoutes are the operations of the whole API. The first that matches a
// request takes it.
func (s *Stripe) allRoutes() []api.Route {
	return slices.Concat(
		s.search.Routes(),
		s.events.Routes(),
		s.catalog.Routes(),
		s.discounts.Routes(),
		s.customers.Routes(),
		s.payments.Routes(),
		s.billing.Routes(),
		s.checkout.Routes(),
		s.intents.Routes(),
		s.portal.Routes(),
	)
}

// Operation is what the simulator takes: a method, a path with {} for what
// varies, and the names of the top-level parameters.
type Operation struct {
	Method string
	Path   string
	Params []string
}

// Operations lists what the simulator has of Stripe's API.
func Operations() []Operation {
	routes := (&Stripe{parts: assemble(Config{})}).allRoutes()
	operations := make([]Operation, len(routes))
	for i, r := range routes {
		operations[i] = Operation{Method: r.Method, Path: strings.Join(r.Pattern, "/"), Params: slices.Clone(r.Accepts)}
	}
	return operations
}
