package stripesim

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/checkout"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/intents"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/pages"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/payments"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/portal"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/search"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Config configures a simulated Stripe account.
type Config struct {
	Key string // the only secret key it accepts
	// Restricted are the restricted keys that it accepts, with their permissions.
	Restricted map[string][]string
	Dunning    billing.Dunning
	URL        string // public base URL, for links to hosted pages
	Version    string // the account's API version; default version.APIVersion
	// RateLimits enforces the limits of a Stripe sandbox.
	RateLimits bool
	// PortalSaved starts with saved portal settings; see SavePortalSettings.
	PortalSaved bool
	World       *schedule.World
	Outbox      *delivery.Outbox
	History     *wire.History
	Faults      *wire.Faults
	Logger      *slog.Logger
	// SearchLag is how long a change is invisible to search. 0 draws 5 to 60
	// seconds per change from the seed.
	SearchLag time.Duration
}

// Stripe is a simulated Stripe account in test mode. The world's lock guards
// its state: exported methods take it, unexported ones expect it.
type Stripe struct {
	parts

	key         string
	restricted  map[string][]string
	rateLimits  bool
	portalSaved bool
	gate        *wire.Gate
	hosted      http.Handler
	routes      []api.Route
	running     map[string]bool // idempotency keys in execution
	limiter     limiter
}

// parts are what the account consists of. Each part is built on those before
// it.
type parts struct {
	account   *account.Account
	versions  *version.Versions
	search    *search.Search
	events    *events.Events
	catalog   *catalog.Catalog
	discounts *discounts.Discounts
	customers *customers.Customers
	payments  *payments.Payments
	billing   *billing.Billing
	checkout  *checkout.Checkout
	intents   *intents.Intents
	portal    *portal.Portal
}

// New returns an empty account.
func New(config Config) *Stripe {
	s := &Stripe{parts: assemble(config), key: config.Key, restricted: config.Restricted, rateLimits: config.RateLimits,
		portalSaved: config.PortalSaved, running: map[string]bool{},
		gate: &wire.Gate{Side: "stripe", History: config.History, Faults: config.Faults, ErrorBody: ErrorBody}}
	if config.PortalSaved {
		s.portal.AddDefaultConfiguration()
	}
	config.Outbox.Register(s.events)
	hosted := &pages.Pages{Account: s.account, Billing: s.billing, Checkout: s.checkout, Customers: s.customers,
		Intents: s.intents, Payments: s.payments, Portal: s.portal, Perform: s.perform}
	s.hosted = s.gate.Wrap(hosted.Handler())
	s.registerTimers()
	s.routes = s.allRoutes()
	return s
}

// assemble builds the parts of an empty account.
func assemble(config Config) parts {
	var p parts
	p.account = account.New(account.Config{URL: config.URL, World: config.World, Outbox: config.Outbox,
		Version: cmp.Or(config.Version, version.APIVersion)})
	p.versions = &version.Versions{Account: p.account}
	p.search = search.New(p.account, config.SearchLag)
	p.events = &events.Events{Account: p.account, Search: p.search, Versions: p.versions}
	p.catalog = &catalog.Catalog{Account: p.account, Events: p.events}
	p.discounts = &discounts.Discounts{Account: p.account, Catalog: p.catalog, Events: p.events}
	p.customers = &customers.Customers{Account: p.account, Discounts: p.discounts, Events: p.events}
	p.payments = &payments.Payments{Account: p.account, Customers: p.customers, Events: p.events}
	p.billing = &billing.Billing{Account: p.account, Catalog: p.catalog, Customers: p.customers, Discounts: p.discounts,
		Events: p.events, Payments: p.payments, Dunning: config.Dunning}
	p.checkout = &checkout.Checkout{Account: p.account, Billing: p.billing, Catalog: p.catalog, Customers: p.customers,
		Discounts: p.discounts, Events: p.events, Payments: p.payments}
	p.intents = &intents.Intents{Account: p.account, Billing: p.billing, Checkout: p.checkout, Customers: p.customers,
		Events: p.events, Payments: p.payments}
	p.portal = &portal.Portal{Account: p.account, Events: p.events}
	return p
}

// Snapshot returns the state for saving. Hold the world's lock until it is
// marshaled.
func (s *Stripe) Snapshot() *state.State {
	s.account.State.SavedEvents, s.account.State.SavedPacks = s.account.State.Log.Save()
	return s.account.State
}

// Restore replaces the state with an opened one. Call it through World.Replace.
func (s *Stripe) Restore(state *state.State) {
	s.account.State = state
	s.search.Reindex()
	if s.portalSaved {
		s.portal.AddDefaultConfiguration()
	}
}
