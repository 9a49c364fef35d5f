package events

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/search"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// Events emits the events of an account and delivers them to its endpoints.
type Events struct {
	*account.Account

	Search   *search.Search
	Versions *version.Versions
}

// Routes returns the operations of this package.
func (s *Events) Routes() []api.Route {
	return slices.Concat(
		s.eventRoutes(),
		s.endpointRoutes(),
	)
}
