package stripesim

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/ordered"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// APIVersion is the version whose shapes the show methods make, and the
// account's unless its configuration says another.
const APIVersion = "2026-08-26.dahlia"

// Config is what a simulated Stripe needs.
type Config struct {
	Key     string // the one secret key it accepts
	Dunning Dunning
	URL     string // its public base address, for links to hosted pages
	Version string // the account's API version; default APIVersion
	// RateLimits makes Stripe's limits of a sandbox hold.
	RateLimits bool
	// PortalSaved begins with the portal's settings saved (SavePortalSettings).
	PortalSaved bool
	World       *schedule.World
	Outbox      *delivery.Outbox
	History     *wire.History
	Faults      *wire.Faults
	Logger      *slog.Logger
	// SearchLag is how long search does not see a change; 0: 5 to 60 seconds,
	// by the seed.
	SearchLag time.Duration
}

// Stripe is a simulated Stripe account in test mode. Its state is guarded by
// the world's lock; exported methods take it, unexported ones expect it.
type Stripe struct {
	url                     string
	version                 string
	key                     string
	rateLimits, portalSaved bool
	dunning                 Dunning
	lag                     time.Duration
	routes                  []route
	world                   *schedule.World
	outbox                  *delivery.Outbox
	gate                    *wire.Gate
	pages                   http.Handler
	state                   *State
	origin                  origin
	clock                   *TestClock                 // whose time the moment has; nil: the billing clock
	runners                 map[string]func(id string) // what timers do, by kind
	noted                   searchIndex
	running                 map[string]bool // idempotency keys in execution
	limiter                 limiter
}

// origin is the API request that causes the events of the moment; the zero
// value is what Stripe does by itself.
type origin struct{ requestID, key string }

// State is everything a simulated Stripe remembers.
type State struct {
	log eventLog // SavedEvents and SavedPacks are filled from it to be saved, and emptied into it

	Customers       ordered.Table[Customer, *Customer]               `json:"customers"`
	Products        ordered.Table[Product, *Product]                 `json:"products"`
	Prices          ordered.Table[Price, *Price]                     `json:"prices"`
	TaxRates        ordered.Table[TaxRate, *TaxRate]                 `json:"tax_rates"`
	Discounts       ordered.Table[Discount, *Discount]               `json:"discounts"`
	Coupons         ordered.Table[Coupon, *Coupon]                   `json:"coupons"`
	PromotionCodes  ordered.Table[PromotionCode, *PromotionCode]     `json:"promotion_codes"`
	Features        ordered.Table[Feature, *Feature]                 `json:"features"`
	ProductFeatures ordered.Table[ProductFeature, *ProductFeature]   `json:"product_features"`
	Entitlements    ordered.Table[Entitlement, *Entitlement]         `json:"entitlements"`
	Sessions        ordered.Table[CheckoutSession, *CheckoutSession] `json:"checkout_sessions"`
	Portals         ordered.Table[PortalSession, *PortalSession]     `json:"portal_sessions"`
	Subscriptions   ordered.Table[Subscription, *Subscription]       `json:"subscriptions"`
	Schedules       ordered.Table[Schedule, *Schedule]               `json:"subscription_schedules"`
	Items           map[string]string                                `json:"subscription_items"` // by id: the subscription
	Invoices        ordered.Table[Invoice, *Invoice]                 `json:"invoices"`
	InvoiceItems    ordered.Table[InvoiceItem, *InvoiceItem]         `json:"invoice_items"`
	InvoicePayments ordered.Table[InvoicePayment, *InvoicePayment]   `json:"invoice_payments"`
	PaymentIntents  ordered.Table[PaymentIntent, *PaymentIntent]     `json:"payment_intents"`
	SetupIntents    ordered.Table[SetupIntent, *SetupIntent]         `json:"setup_intents"`
	PaymentMethods  ordered.Table[PaymentMethod, *PaymentMethod]     `json:"payment_methods"`
	Charges         ordered.Table[Charge, *Charge]                   `json:"charges"`
	Refunds         ordered.Table[Refund, *Refund]                   `json:"refunds"`
	Disputes        ordered.Table[Dispute, *Dispute]                 `json:"disputes"`
	SavedEvents     ordered.Table[Event, *Event]                     `json:"events"`
	SavedPacks      ordered.Table[pack, *pack]                       `json:"event_packs"`
	Endpoints       ordered.Table[Endpoint, *Endpoint]               `json:"webhook_endpoints"`
	TestClocks      ordered.Table[TestClock, *TestClock]             `json:"test_clocks"`
	Keys            ordered.Table[stored, *stored]                   `json:"idempotency_keys"`

	BalanceTransactions ordered.Table[BalanceTransaction, *BalanceTransaction] `json:"balance_transactions"`

	PaymentLinks ordered.Table[PaymentLink, *PaymentLink] `json:"payment_links"`

	Configurations ordered.Table[PortalConfiguration, *PortalConfiguration] `json:"portal_configurations"`
}

// New returns an empty account.
func New(config Config) *Stripe {
	config.Version = cmp.Or(config.Version, APIVersion)
	s := &Stripe{
		url: config.URL, version: config.Version, key: config.Key, rateLimits: config.RateLimits, portalSaved: config.PortalSaved, dunning: config.Dunning, lag: config.SearchLag,
		world:   config.World,
		outbox:  config.Outbox,
		state:   &State{},
		running: map[string]bool{},
		runners: map[string]func(string){},
		noted:   searchIndex{versions: map[string][]version{}},
		gate:    &wire.Gate{Side: "stripe", History: config.History, Faults: config.Faults, ErrorBody: ErrorBody},
	}
	if config.PortalSaved {
		s.addDefaultConfiguration()
	}
	s.outbox.Register(s)
	s.pages = s.gate.Wrap(s.hostedPages())
	s.registerTimers()
	s.routes = s.allRoutes()
	return s
}

// Snapshot returns the state for Save. Call it under the world's lock and
// marshal it before the lock is given back.
func (s *Stripe) Snapshot() *State {
	s.state.SavedEvents, s.state.SavedPacks = s.state.log.save()
	return s.state
}

// Open makes a decoded state ready for Restore.
func (state *State) Open() (err error) {
	state.log, err = load(&state.SavedEvents, &state.SavedPacks)
	state.SavedEvents, state.SavedPacks = ordered.Table[Event, *Event]{}, ordered.Table[pack, *pack]{}
	return err
}

// Restore replaces the state by an opened one. Call it through World.Replace.
func (s *Stripe) Restore(state *State) {
	s.state = state
	s.reindex()
	if s.portalSaved {
		s.addDefaultConfiguration()
	}
}
