package stripesim

import (
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// allRoutes returns the operations of the whole API. The first one that matches
// a request handles it.
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

// Operation is one operation of the simulated API: a method, a path with {} for
// its variable segments, and the top-level parameters.
type Operation struct {
	Method string
	Path   string
	Params []string
}

// Operations lists the simulated part of Stripe's API.
func Operations() []Operation {
	routes := (&Stripe{parts: assemble(Config{})}).allRoutes()
	operations := make([]Operation, len(routes))
	for i, r := range routes {
		operations[i] = Operation{Method: r.Method, Path: strings.Join(r.Pattern, "/"), Params: slices.Clone(r.Accepts)}
	}
	return operations
}
