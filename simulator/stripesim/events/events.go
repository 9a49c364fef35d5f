package events

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/search"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// Events writes the events of an account and delivers them to its endpoints.
type Events struct {
	*account.Account

	Search   *search.Search
	Versions *version.Versions
}

// Routes lists the operations of this part.
func (s *Events) Routes() []api.Route {
	return slices.Concat(
		s.eventRoutes(),
		s.endpointRoutes(),
	)
}
