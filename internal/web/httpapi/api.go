package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/buildinfo"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
	"github.com/lockstep-dev/lockstep/internal/sync/instance"
	"github.com/lockstep-dev/lockstep/internal/sync/verify"
	"github.com/lockstep-dev/lockstep/internal/web/activation"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
	"github.com/lockstep-dev/lockstep/internal/web/catalog"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
	"github.com/lockstep-dev/lockstep/internal/web/explain"
)

// API answers the JSON API.
type API struct {
	Store   Store
	Records Records
	Catalog lockstep.Catalog

	Callers    Callers
	Identities Identities
	Buying     Buying
	Operations Operations

	Wake func() // tells the workers that a key is due
	Log  *slog.Logger

	recorder  *audit.Recorder
	denials   denials
	health    health
	overviews overviews
	newcomers *newcomers // nil when servers put identities
}

// Records reads the records of accounts from memory, without names, e-mail addresses and metadata. The
// caller must not change them.
type Records interface {
	// Record returns a record, or ErrNotFound.
	Record(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	// Entry returns a record with the answers that it has given, or ErrNotFound.
	Entry(ctx context.Context, account lockstep.Account) (*watch.Entry, error)
	// InMemory returns an entry only if memory has it and is current. It never waits.
	InMemory(account lockstep.Account, now time.Time) (*watch.Entry, bool)
}

// Callers says who may call the API, and from where.
type Callers struct {
	Keys     *apikeys.Ring     // of servers
	Sessions lockstep.Sessions // verifies session tokens; nil accepts none
	// ReturnOrigins are the origins ("https://app.example") that return URLs may name. Without any,
	// servers may name every https URL and browsers none.
	ReturnOrigins []string
	BuyerRoles    []string // of the members who may buy for an organization; empty means admin
}

// Identities says where users and organizations come from. Exactly one field is set.
type Identities struct {
	Local  LocalDirectory     // accounts that servers put
	Remote lockstep.Directory // a provider, which may know accounts that are new to us
}

// Buying serves checkouts, the billing portal and the activation page.
type Buying struct {
	Checkouts           *checkouts.Service
	Stripe              lockstep.CheckoutService
	PortalConfiguration string // Stripe's id (bpc_…); empty means the account's default
	Activations         *activation.Activations
}

// Operations describes the installation to its operators.
type Operations struct {
	Build      buildinfo.Info         // for /healthz and /metrics
	Webhooks   []Webhook              // the endpoints that we notify
	Sources    map[string]string      // how the events of each provider reach us, for /healthz
	Collectors []prometheus.Collector // more metrics of this process, for /metrics
	Refused    func(status int)       // counts a request whose credentials were refused; may be nil
	Conditions Conditions             // what /healthz reports beside the database
	// Diagnose checks the installation, one check at a time.
	Diagnose        func(ctx context.Context) (lockstep.Diagnosis, error)
	Verifier        *verify.Verifier // compares accounts with the providers
	Guard           *instance.Guard  // compares our keys with the database's instances
	DirectorySweeps []lockstep.Key   // to mark when an operator accepts another instance
	// Scope returns what an event of this type says may have changed.
	Scope    func(lockstep.Event) lockstep.Scope
	Granting []string           // the types of events that may grant access
	Console  bool               // the console is served at [ConsolePath]
	Payments Payments           // for the overview; may be empty
	Settings []lockstep.Setting // the effective configuration
	Prices   *catalog.Reader    // compares the catalog with Stripe
}

func (o Operations) scope(e lockstep.Event) lockstep.Scope {
	if o.Scope == nil {
		return 0
	}
	return o.Scope(e)
}

// Store is the part of the store that the API uses. Each part stands beside the handlers that
// use it.
type Store interface {
	accountStore
	auditStore
	backfillStore
	deletionStore
	eventStore
	instanceStore
	keyStore
	passStore
	linkStore
	metricStore
	noticeStore
	problemStore
	statisticsStore
	webhookStore
	historyStore
	searchStore
	explain.Store
	// Ping reports whether the database can be read and written.
	Ping(ctx context.Context) error
}

// Register adds the API's routes to mux, and a route for paths that mux does not have.
func (a *API) Register(mux *http.ServeMux) {
	a.recorder = &audit.Recorder{Store: a.Store, Log: a.Log}
	if a.Identities.Remote != nil {
		a.newcomers = newNewcomers(a.Identities.Remote, a.Store.Mark, a.Wake)
	}
	api := humago.New(mux, document())
	api.UseMiddleware(within, a.authenticate(api), strictBodies(api))
	a.buyingRoutes(api)
	a.accountRoutes(api)
	a.eventRoutes(api)
	a.verifyRoutes(api)
	a.webhookRoutes(api)
	a.decisionRoutes(api)
	a.installationRoutes(api)
	a.keyRoutes(api)
	a.historyRoutes(api)
	a.explainRoutes(api)
	a.consoleRoutes(api)
	mux.HandleFunc("GET /{$}", a.index)
	a.searchRoutes(api)
	a.noticeRoutes(api)
	a.revealRoutes(api)
	a.settingRoutes(api)
	a.catalogRoutes(api)
	a.statisticsRoutes(api)
	mux.HandleFunc("GET "+streamPath, a.Buying.Activations.Events)
	mux.Handle("GET /metrics", a.Metrics())
	mux.HandleFunc("/", unrouted(mux))
}

// document is the head of the OpenAPI document.
func document() huma.Config {
	config := huma.DefaultConfig("Lockstep", "1")
	config.Info.Description = "Who has access to what, and why: accounts, checkouts, and the operation of Lockstep."
	config.DocsPath = "" // a viewer would load scripts from elsewhere
	config.CreateHooks = nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"apiKey":  {Type: "http", Scheme: "bearer", Description: "An API key, for servers; each operation names the scope that it needs"},
		"session": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A Clerk session token, for browsers"},
	}
	return config
}
