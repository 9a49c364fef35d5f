package account

import (
	"net/url"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Config is what an account is opened with.
type Config struct {
	URL     string // public base URL, for links to hosted pages
	Version string // the account's API version
	World   *schedule.World
	Outbox  *delivery.Outbox
}

// Account is a Stripe account in test mode: its objects, its clock, and how the
// API shows them. Hold the world's lock while you call its methods.
type Account struct {
	World   *schedule.World
	Outbox  *delivery.Outbox
	State   *state.State
	Version string                     // API version, unless a request names another
	Origin  Origin                     // the request being executed
	Clock   *state.TestClock           // the test clock in use; nil for the billing clock
	Runners map[string]func(id string) // what happens when a timer is due, by kind
	url     string
}

// New opens an empty account.
func New(config Config) *Account {
	return &Account{World: config.World, Outbox: config.Outbox, State: &state.State{}, Version: config.Version,
		Runners: map[string]func(string){}, url: config.URL}
}

// Link returns an absolute URL on this account's public address.
func (s *Account) Link(path string) string {
	joined, err := url.JoinPath(s.url, path)
	if err != nil {
		return s.url + path
	}
	return joined
}

// Origin is the API request that causes events. The zero value stands for what
// Stripe does on its own.
type Origin struct{ RequestID, Key string }
