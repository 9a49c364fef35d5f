package simulator

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Simulator is one simulated Stripe account and one simulated Clerk instance
// under one clock. All methods are safe for concurrent use.
type Simulator struct {
	config  Config
	world   *schedule.World
	outbox  *delivery.Outbox
	history *wire.History
	faults  *wire.Faults
	stripe  *stripesim.Stripe
	clerk   *clerksim.Clerk
	control http.Handler
	streams atomic.Int32 // live pages
}

// New returns an empty simulator. It fails for live keys and malformed webhook
// secrets.
func New(config Config) (*Simulator, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	config = config.withDefaults()
	s := &Simulator{config: config, world: schedule.New(config.Seed), history: &wire.History{},
		faults: wire.NewFaults(config.Seed)}
	s.outbox = delivery.New(delivery.Config{World: s.world, History: s.history, Faults: s.faults,
		Client: config.HTTPClient, Logger: config.Logger})
	s.stripe = stripesim.New(stripesim.Config{Key: config.StripeKey, Restricted: config.RestrictedKeys,
		URL: config.StripeURL, Version: config.StripeVersion,
		RateLimits: config.RateLimits, PortalSaved: config.PortalSaved, Dunning: config.Dunning, World: s.world,
		Outbox:  s.outbox,
		History: s.history, Faults: s.faults, Logger: config.Logger, SearchLag: config.SearchLag})
	clerk, err := clerksim.New(clerksim.Config{Key: config.ClerkKey, URL: config.ClerkURL, World: s.world,
		Outbox: s.outbox, History: s.history,
		Faults: s.faults, Logger: config.Logger, Claims: config.SessionClaims, RedirectHosts: config.RedirectHosts,
		RateLimited: config.RateLimits, Instance: config.ClerkInstance})
	if err != nil {
		return nil, err
	}
	s.clerk = clerk
	s.control = s.controls()
	s.SetStripeWebhooks(config.StripeWebhooks)
	s.SetClerkWebhooks(config.ClerkWebhooks)
	return s, nil
}

// SetStripeWebhooks replaces Stripe's endpoints. An endpoint whose URL stays keeps
// its queued deliveries. It does not check the secrets.
func (s *Simulator) SetStripeWebhooks(endpoints []WebhookEndpoint) {
	wanted := make([]stripesim.Endpoint, len(endpoints))
	for i, endpoint := range endpoints {
		wanted[i] = stripesim.Endpoint{URL: endpoint.URL, Secrets: endpoint.secrets(), Events: endpoint.events(),
			Version: endpoint.APIVersion}
	}
	s.stripe.SetEndpoints(wanted)
}

// SetClerkWebhooks replaces Clerk's endpoints, like SetStripeWebhooks.
func (s *Simulator) SetClerkWebhooks(endpoints []WebhookEndpoint) {
	wanted := make([]clerksim.Endpoint, len(endpoints))
	for i, endpoint := range endpoints {
		wanted[i] = clerksim.Endpoint{URL: endpoint.URL, Secrets: endpoint.secrets(), Events: endpoint.events()}
	}
	s.clerk.SetEndpoints(wanted)
}

// StripeHandler serves Stripe's API, its hosted pages, and the controls under /_sim.
func (s *Simulator) StripeHandler() http.Handler { return s.withControls(s.stripe) }

// ClerkHandler serves Clerk's Backend API, its hosted pages, and the same controls.
func (s *Simulator) ClerkHandler() http.Handler { return s.withControls(s.clerk) }

// Now returns the time of the billing clock.
func (s *Simulator) Now() time.Time {
	var now time.Time
	s.world.View(func() { now = s.world.Now() })
	return now
}

// Advance moves the billing clock forward and runs everything that becomes due,
// each at its own time. It queues webhooks but does not wait for their delivery.
func (s *Simulator) Advance(d time.Duration) { s.world.Advance(d) }

// Version returns a number that every change of state raises.
func (s *Simulator) Version() uint64 { return s.world.Version() }
