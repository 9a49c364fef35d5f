package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/buildinfo"
	"github.com/lockstep-dev/lockstep/internal/doctor"
	"github.com/lockstep-dev/lockstep/internal/metrics"
	"github.com/lockstep-dev/lockstep/internal/out/webhookout"
	"github.com/lockstep-dev/lockstep/internal/statistics"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
	"github.com/lockstep-dev/lockstep/internal/sync/backfill"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/internal/sync/instance"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
	"github.com/lockstep-dev/lockstep/internal/tracing"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/lockstep-dev/lockstep/internal/web/activation"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
	"github.com/lockstep-dev/lockstep/internal/web/catalog"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
	"github.com/lockstep-dev/lockstep/internal/web/console"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Server receives webhooks, answers the API and does the background work.
type Server struct {
	store   lockstep.Store
	runner  *runner.Runner
	caller  *webhookout.Caller
	fleet   *upstream.Fleet
	streams *activation.Activations
	console *console.Console // nil: it is off
	api     *httpapi.API
	sources []source     // how events reach us
	polled  sweep.Polled // which webhooks polling replaces
	web     http.Handler
	access  func(ctx context.Context, account lockstep.Account) (lockstep.Access, error)
	log     *slog.Logger

	statistics   *statistics.Writer
	installation func() *doctor.Installation
}

// New builds a server. It reports every problem of the configuration at once, and makes no
// network calls.
func New(c Config) (*Server, error) {
	c = c.withDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p, err := newParts(c)
	if err != nil {
		return nil, err
	}
	keys, err := p.reconcilers()
	if err != nil {
		return nil, err
	}
	p.runner = runner.New(p.config.Store, keys, c.Sync.Workers, c.Log)
	p.runner.Ended, p.runner.Tracer = p.ran, p.tracer
	api := p.api()
	activations, pages, web, err := p.web(api)
	if err != nil {
		return nil, err
	}
	return &Server{store: p.config.Store, runner: p.runner, caller: p.caller, log: c.Log, streams: activations,
		console: pages,
		api:     api, web: web,
		access:  api.Access,
		sources: c.sources(), polled: c.polled(),
		statistics: p.statistics(), installation: p.installation,
		fleet: upstream.NewFleet(p.config.Store, c.Log, p.gates()...)}, nil
}

// parts are the components of a server while New connects them.
type parts struct {
	config  Config         // its store tells records about our own writes
	inbox   lockstep.Store // the store without that wrapper, which hides how many transactions it overlaps
	records *watch.Watch
	billing *stripebilling.Client
	id      identity
	book    *pricebook.Book
	guard   *instance.Guard
	caller  *webhookout.Caller
	intake  *ingest.Intake
	counts  *metrics.Process
	tracer  *tracing.Tracer
	// measured is nil if the store does not measure itself.
	measured *metrics.Store
	arrivals arrivals
	runner   *runner.Runner // set last: it needs the reconcilers
}

func newParts(c Config) (*parts, error) {
	p := &parts{config: c, inbox: c.Store, records: watch.New(c.Store, c.Sync.Memory, c.Log)}
	p.config.Store = p.records.Store(c.Store)
	var err error
	p.billing, err = stripebilling.New(stripebilling.Config{Key: c.Stripe.Key, BaseURL: c.Stripe.BaseURL,
		HTTPClient: c.Stripe.HTTPClient, Limits: c.Stripe.Limits})
	if err != nil {
		return nil, fmt.Errorf("stripe: %w", err)
	}
	if p.id, err = identities(p.config); err != nil {
		return nil, err
	}
	if p.caller, err = webhooks(c.Webhooks).caller(); err != nil {
		return nil, err
	}
	p.intake = ingest.New(p.inbox, p.wake)
	p.measure()
	p.tracer = tracing.New(c.Traces, p.inbox)
	p.book = &pricebook.Book{Store: p.config.Store, Stripe: p.billing, Changes: p.priceChanges}
	p.guard = guard(p.config, p.billing, p.id)
	return p, nil
}

// wake tells the workers that a key is due. It must not be called before New returns.
func (p *parts) wake() { p.runner.Wake() }

// gates are the rate limits of all providers that we call.
func (p *parts) gates() []*upstream.Gate {
	gates := []*upstream.Gate{p.billing.Gate()}
	if p.id.gate != nil {
		gates = append(gates, p.id.gate)
	}
	return gates
}

// reconcilers returns the reconciler of each kind of key. The guard pauses those that must not
// run under another instance's key.
func (p *parts) reconcilers() (map[lockstep.KeyKind]runner.Reconciler, error) {
	c := p.config
	mails, err := c.Email.reconciler(countedEmails{c.Store, p.counts}, p.billing, lister(p.id.directory), c.Buying.Roles,
		c.Log)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	owners := p.owners()
	accounts := p.accounts(owners)
	payments := &reconcile.Payments{Store: c.Store, Billing: p.billing, Catalog: c.Catalog, Book: p.book, Owners: owners}
	keys := map[lockstep.KeyKind]runner.Reconciler{
		lockstep.KeyUser:         accounts,
		lockstep.KeyOrganization: accounts,
		lockstep.KeyCustomer: &reconcile.Unlinked{Store: c.Store, Billing: p.billing, Directory: p.id.directory,
			Owners: owners},
		lockstep.KeyCheckout:   payments,
		lockstep.KeyPayment:    payments,
		lockstep.KeyObject:     payments,
		lockstep.KeySweep:      p.sweeps(owners),
		lockstep.KeyWake:       &runner.Wakes{Store: c.Store},
		lockstep.KeyEmail:      mails,
		lockstep.KeyBuyerEmail: mails,
		lockstep.KeyNotice: &reconcile.Notices{Store: c.Store, Channels: []reconcile.Channel{c.Email.channel,
			webhooks(c.Webhooks).channel}},
	}
	reconcile.Guarded(keys, p.guard)
	// Webhooks go to your endpoints, which no instance's key protects.
	keys[lockstep.KeyWebhook] = reconcile.NewWebhooks(countedWebhooks{c.Store, p.counts}, tracing.Sender(p.caller),
		c.Catalog, webhooks(c.Webhooks).listeners(), c.Log)
	return keys, nil
}

// owners finds the account that a customer belongs to.
func (p *parts) owners() *ownership.Resolver {
	owners := &ownership.Resolver{Store: p.config.Store, Billing: p.billing, Directory: p.id.directory,
		ClerkIDs: p.config.Identities != FromAPI}
	owners.Organizations, _ = p.id.directory.(lockstep.Organizations)
	owners.External, _ = p.id.directory.(lockstep.ExternalIDs)
	return owners
}

// accounts syncs users and organizations.
func (p *parts) accounts(owners *ownership.Resolver) *reconcile.Accounts {
	c, directory := p.config, p.id.directory
	return &reconcile.Accounts{Store: c.Store,
		Providers: reconcile.Providers{Billing: p.billing, Directory: directory, Members: lister(directory),
			Limiter: limiter(directory)},
		Policies: c.policies(), Catalog: c.Catalog, Keys: c.Access.Projection, Owners: owners, Book: p.book,
		Hold: &backfill.Hold{Store: c.Store}, Listeners: webhooks(c.Webhooks).hearAccess(), Log: c.Log,
		Generation: p.guard.Generation, AccessWritten: p.accessWritten(), Drifted: p.drifted}
}

// policies returns the configuration's decisions about accounts.
func (c Config) policies() reconcile.Policies {
	return reconcile.Policies{
		Customers: reconcile.CustomerRules{AtCheckout: c.Customers.Creation == AtCheckout,
			AdoptByEmail: c.Customers.AdoptByEmail, Details: c.Customers.Details, TrialsPer: c.Buying.Policy.TrialsPer},
		Deletion: reconcile.DeletionRules{Policies: c.Deletion.policies(), Brake: c.Deletion.Brake,
			Forget:  cmp.Or(c.Deletion.ForgetAfter, 30*24*time.Hour),
			Absence: c.Sync.Intervals.Absence(c.polled())},
		Empty: c.Deletion.EmptyOrganization, Seats: c.Seats, Entitled: c.Access.Entitlements,
		Renewals: c.Email.sends(lockstep.NoticeSubscriptionRenewing) ||
			webhooks(c.Webhooks).name(lockstep.NoticeSubscriptionRenewing)}
}

// sweeps runs the gap scan, the directory list, the full verify, retention and the backfill.
func (p *parts) sweeps(owners *ownership.Resolver) *sweep.Sweeps {
	c := p.config
	return &sweep.Sweeps{Store: c.Store, Billing: p.billing, Directory: p.id.directory,
		Intervals: c.Sync.Intervals, Retention: c.Sync.Retention, Polled: c.polled(), Take: p.intake.Take,
		Backfill: p.backfiller(owners), Log: c.Log}
}

// web builds the handler of everything that the server answers. The console is nil if it is off.
func (p *parts) web(api *httpapi.API) (*activation.Activations, *console.Console, http.Handler, error) {
	c := p.config
	trusted, err := proxies(c.HTTP.TrustedProxies)
	if err != nil {
		return nil, nil, nil, err
	}
	activations := activation.New(activation.Config{Store: c.Store, Records: p.records, Stripe: p.billing,
		Live: p.billing.Live(), Secret: c.Stripe.Key, Catalog: c.Catalog, App: c.Activation.App,
		ContinueURL: c.Activation.ContinueURL, MayReturn: api.MayReturn, Wake: p.wake, Log: c.Log})
	api.Buying.Activations = activations
	api.Buying.Checkouts.SignReturn, api.Buying.Checkouts.Started = activations.SignReturn, activations.Started

	mux := http.NewServeMux()
	p.receivers(mux)
	if c.Email.Page != nil {
		mux.Handle("GET /mail", c.Email.Page)
		mux.Handle("GET /mail/", c.Email.Page)
	}
	mux.HandleFunc("GET /activate", activations.Page)
	api.Register(mux)
	pages := p.console(mux)
	return activations, pages, api.AllowOrigins(api.Direct(trusted.Identify(mux))), nil
}

// api builds the JSON API, but for its activations.
func (p *parts) api() *httpapi.API {
	c := p.config
	return &httpapi.API{Store: c.Store, Records: p.records, Catalog: c.Catalog, Wake: p.wake, Log: c.Log,
		Callers: httpapi.Callers{Keys: apikeys.New(c.Store, apiKeys(c.HTTP.APIKey), c.Log), Sessions: p.id.sessions,
			ReturnOrigins: c.HTTP.ReturnOrigins, BuyerRoles: c.Buying.Roles},
		Identities: httpapi.Identities{Local: p.id.local, Remote: p.id.remote()},
		Buying: httpapi.Buying{Checkouts: p.checkouts(), Stripe: p.billing,
			PortalConfiguration: c.Buying.PortalConfiguration},
		Operations: httpapi.Operations{Build: buildinfo.Read(), Webhooks: webhooks(c.Webhooks).listed(),
			Sources: c.listedSources(), Collectors: p.collectors(), Refused: p.counts.Refused,
			Conditions: p.conditions(), Diagnose: p.diagnoser(), Verifier: p.verifier(), Guard: p.guard,
			Console: !c.Console.Off, DirectorySweeps: sweep.Directory(), Scope: ingest.ScopeOf, Granting: ingest.Granting(),
			Settings: p.config.settings(), Payments: httpapi.Payments{Types: stripebilling.PaidTypes, In: stripebilling.PaidIn},
			Prices: &catalog.Reader{Catalog: c.Catalog, Stripe: p.billing, Store: c.Store, Log: c.Log}},
	}
}

func (p *parts) checkouts() *checkouts.Service {
	c := p.config
	return &checkouts.Service{Store: c.Store, Stripe: p.billing, Book: p.book, Catalog: c.Catalog,
		Policy: c.Buying.Policy,
		Ready:  func(ctx context.Context) error { return p.guard.Check(ctx) }, Wake: p.wake, Log: c.Log}
}

// guard compares our keys with the instances that the database belongs to.
func guard(c Config, billing *stripebilling.Client, id identity) *instance.Guard {
	keys := []instance.Key{{Provider: lockstep.Stripe, Secret: c.Stripe.Key,
		Instance: func(context.Context) (string, error) {
			return mode(billing.Live()), nil
		}}}
	if id.instance != nil {
		keys = append(keys, instance.Key{Provider: lockstep.Clerk, Secret: c.Clerk.Key, Instance: id.instance})
	}
	return instance.NewGuard(c.Store, c.Log, keys...)
}

// mode is what Stripe calls the mode of a key.
func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}
