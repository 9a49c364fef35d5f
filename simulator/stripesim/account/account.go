package account

import (
	"net/url"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Config is what an account is opened with.
type Config struct {
	URL     string // the public base address, for links to hosted pages
	Version string // the account's API version
	World   *schedule.World
	Outbox  *delivery.Outbox
}

// Account is a Stripe account in test mode: its objects, the clock they live by,
// and how the API shows them. The world's lock guards it: hold it for every
// method.
type Account struct {
	World   *schedule.World
	Outbox  *delivery.Outbox
	State   *state.State
	Version string                     // of the API, unless a request names another
	Origin  Origin                     // what causes the events of the moment
	Clock   *state.TestClock           // that the moment runs by; nil: the billing clock
	Runners map[string]func(id string) // what timers do, by kind
	url     string
}

// New opens an empty account.
func New(config Config) *Account {
	return &Account{World: config.World, Outbox: config.Outbox, State: &state.State{}, Version: config.Version,
		Runners: map[string]func(string){}, url: config.URL}
}

// Link returns an absolute URL of this provider's public address.
func (s *Account) Link(path string) string {
	joined, err := url.JoinPath(s.url, path)
	if err != nil {
		return s.url + path
	}
	return joined
}

// Origin is the API request that causes the events of the moment; the zero
// value is what Stripe does by itself.
type Origin struct{ RequestID, Key string }
