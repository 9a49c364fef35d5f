package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/out/webhookout"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
	"github.com/lockstep-dev/lockstep/internal/sync/backfill"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/internal/sync/instance"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/lockstep-dev/lockstep/internal/web/activation"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Server is Lockstep.
type Server struct {
	store   lockstep.Store
	runner  *runner.Runner
	caller  *webhookout.Caller
	fleet   *upstream.Fleet
	streams *activation.Activations
	sources []source     // how events reach us
	polled  sweep.Polled // which webhooks polling replaces
	web     http.Handler
	log     *slog.Logger
}

// New puts a server together. It does no input or output.
func New(c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Projection == (lockstep.ProjectionKeys{Budget: c.Projection.Budget}) {
		budget := c.Projection.Budget
		c.Projection = lockstep.DefaultProjectionKeys
		c.Projection.Budget = budget
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	billing, err := stripebilling.New(stripebilling.Config{Key: c.Stripe.Key, BaseURL: c.Stripe.BaseURL,
		HTTPClient: c.Stripe.HTTPClient, Limits: c.Stripe.Limits})
	if err != nil {
		return nil, fmt.Errorf("stripe: %w", err)
	}
	id, err := identities(c)
	if err != nil {
		return nil, err
	}

	inbox := c.Store // as it is, so that it can say how many writers it likes
	gates, collectors := []*upstream.Gate{billing.Gate()}, []prometheus.Collector{billing.Gate()}
	if id.gate != nil {
		gates, collectors = append(gates, id.gate), append(collectors, id.gate)
	}
	memory := watch.New(c.Store, c.Memory, c.Log)
	c.Store = memory.Store(c.Store)
	caller, err := webhooks(c.Webhooks).caller()
	if err != nil {
		return nil, err
	}
	s := &Server{store: c.Store, caller: caller, log: c.Log, sources: c.sources(), polled: c.polled(),
		fleet: upstream.NewFleet(c.Store, c.Log, gates...)}
	intake := ingest.New(inbox, func() { s.runner.Wake() })
	book := &pricebook.Book{Store: c.Store, Stripe: billing}
	keys := reconcilers(c, billing, id, intake, book)
	if keys[lockstep.KeyEmail], err = c.Email.reconciler(c.Store, billing, lister(id.directory), c.Buying.Roles,
		c.Log); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	keys[lockstep.KeyBuyerEmail] = keys[lockstep.KeyEmail]
	guard := guard(c, billing, id)
	keys[lockstep.KeyUser].(*reconcile.Accounts).Generation = guard.Generation
	keys[lockstep.KeySweep].(*sweep.Sweeps).Backfill.(*backfill.Reconciler).Generation = guard.Generation
	reconcile.Guarded(keys, guard)
	keys[lockstep.KeyWebhook] = reconcile.NewWebhooks(c.Store, caller, c.Catalog, webhooks(c.Webhooks).listeners(), c.Log)
	s.runner = runner.New(c.Store, keys, c.Workers, c.Log)

	mux := http.NewServeMux()
	c.receivers(mux, billing, intake)
	if c.Email.Page != nil {
		mux.Handle("GET /mail", c.Email.Page)
	}
	desk := &checkouts.Service{Store: c.Store, Stripe: billing, Book: book, Catalog: c.Catalog, Policy: c.Buying.Policy,
		Ready: func(ctx context.Context) error { return guard.Check(ctx) }, Wake: s.runner.Wake, Log: c.Log}
	api := &httpapi.API{Store: c.Store, Checkouts: desk, Stripe: billing, Sessions: id.sessions, LocalDirectory: id.roster,
		Directory: id.asked(), Catalog: c.Catalog, Keys: apiKeys(c.APIKey),
		Watch: memory, Webhooks: webhooks(c.Webhooks).listed(), Sources: c.listedSources(), ReturnOrigins: c.ReturnOrigins,
		BuyerRoles: c.Buying.Roles, PortalConfiguration: c.Buying.PortalConfiguration, Collectors: collectors, Guard: guard,
		DirectorySweeps: sweep.Directory(), Wake: s.runner.Wake, Log: c.Log}
	api.Activations = activation.New(activation.Config{Store: c.Store, Records: memory, Stripe: billing,
		Live: billing.Live(), Secret: c.Stripe.Key, Catalog: c.Catalog, App: c.Activation.App,
		ContinueURL: c.Activation.ContinueURL, MayReturn: api.MayReturn, Wake: s.runner.Wake, Log: c.Log})
	s.streams = api.Activations
	desk.SignReturn, desk.Started = api.Activations.SignReturn, api.Activations.Started
	mux.HandleFunc("GET /activate", api.Activations.Page)
	api.Register(mux)
	trusted, err := proxies(c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	s.web = trusted.Identify(api.AllowOrigins(mux))
	return s, nil
}

// identity is who keeps users and organizations, and says who is signed in.
type identity struct {
	directory lockstep.Directory
	sessions  lockstep.Sessions      // nil: no session token is good
	roster    httpapi.LocalDirectory // nil: a provider keeps them
	gate      *upstream.Gate         // of its calls; nil: it makes none
	// instance reads which instance the key belongs to; nil: there are none.
	instance func(context.Context) (string, error)
}

// asked is the directory to ask about accounts that are new; nil where servers put them.
func (i identity) asked() lockstep.Directory {
	if i.roster != nil {
		return nil
	}
	return i.directory
}

func identities(c Config) (identity, error) {
	if c.Identities == FromAPI {
		return identity{directory: c.Store, roster: c.Store}, nil
	}
	directory, err := clerkdirectory.New(clerkdirectory.Config{Key: c.Clerk.Key, BaseURL: c.Clerk.BaseURL,
		HTTPClient: c.Clerk.HTTPClient, Limits: c.Clerk.Limits})
	if err != nil {
		return identity{}, fmt.Errorf("clerk: %w", err)
	}
	sessions, err := clerkdirectory.NewTokens(clerkdirectory.TokenConfig{Key: c.Clerk.Key, BaseURL: c.Clerk.BaseURL,
		Issuer: c.Clerk.Issuer, AuthorizedParties: c.Clerk.AuthorizedParties, HTTPClient: c.Clerk.HTTPClient})
	if err != nil {
		return identity{}, fmt.Errorf("clerk session tokens: %w", err)
	}
	return identity{directory: directory, sessions: sessions, gate: directory.Gate(), instance: directory.Instance}, nil
}

// reconcilers says which reconciler brings which kind of key in step.
func reconcilers(c Config, billing *stripebilling.Client, id identity, intake *ingest.Intake,
	book *pricebook.Book) map[lockstep.KeyKind]runner.Reconciler {
	directory := id.directory
	owners := &ownership.Resolver{Store: c.Store, Billing: billing, Directory: directory,
		ClerkIDs: c.Identities != FromAPI}
	owners.Organizations, _ = directory.(lockstep.Organizations)
	owners.External, _ = directory.(lockstep.ExternalIDs)
	accounts := &reconcile.Accounts{Store: c.Store,
		Providers: reconcile.Providers{Billing: billing, Directory: directory, Members: lister(directory),
			Limiter: limiter(directory)},
		Policies: c.policies(), Catalog: c.Catalog, Keys: c.Projection, Owners: owners, Book: book,
		Hold: &backfill.Hold{Store: c.Store}, Listeners: webhooks(c.Webhooks).hearAccess(), Log: c.Log}
	payments := &reconcile.Payments{Store: c.Store, Billing: billing, Catalog: c.Catalog, Book: book, Owners: owners}
	return map[lockstep.KeyKind]runner.Reconciler{
		lockstep.KeyUser:         accounts,
		lockstep.KeyOrganization: accounts,
		lockstep.KeyCustomer:     &reconcile.Unlinked{Store: c.Store, Billing: billing, Directory: directory, Owners: owners},
		lockstep.KeyCheckout:     payments,
		lockstep.KeyPayment:      payments,
		lockstep.KeyObject:       payments,
		lockstep.KeySweep: &sweep.Sweeps{Store: c.Store, Billing: billing, Directory: directory,
			Intervals: c.Intervals, Retention: c.Retention, Polled: c.polled(), Take: intake.Take, Backfill: backfiller(c,
				billing, id, owners, book), Log: c.Log},
		lockstep.KeyWake: &runner.Wakes{Store: c.Store},
		lockstep.KeyNotice: &reconcile.Notices{Store: c.Store, Channels: []reconcile.Channel{c.Email.channel,
			webhooks(c.Webhooks).channel}},
	}
}

// policies are the decisions of the configuration about accounts.
func (c Config) policies() reconcile.Policies {
	return reconcile.Policies{
		Customers: reconcile.CustomerRules{AtCheckout: c.Customers == AtCheckout, AdoptByEmail: c.AdoptByEmail,
			Details: c.CustomerDetails, TrialsPer: c.Buying.Policy.TrialsPer},
		Deletion: reconcile.DeletionRules{Policies: c.Deletion, Brake: c.Brake, Forget: cmp.Or(c.Forget, 30*24*time.Hour),
			Absence: c.Intervals.Absence(c.polled())},
		Empty: c.EmptyOrganization, Seats: c.Seats, Entitled: c.Entitled,
		Renewals: c.Email.sends(lockstep.NoticeSubscriptionRenewing) ||
			webhooks(c.Webhooks).name(lockstep.NoticeSubscriptionRenewing)}
}

// lister is the directory, where it knows who is a member.
func lister(directory lockstep.Directory) lockstep.MemberLister {
	l, _ := directory.(lockstep.MemberLister)
	return l
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

// mode is the name of a mode of Stripe.
func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

// limiter is the directory, where it knows members.
func limiter(directory lockstep.Directory) lockstep.MemberLimiter {
	l, _ := directory.(lockstep.MemberLimiter)
	return l
}

func stripeSource(c Config, billing *stripebilling.Client) ingest.Source {
	environment := stripebilling.Environment{Live: billing.Live()}
	return ingest.Source{
		Name: lockstep.Stripe,
		Plausible: func(h http.Header, now time.Time) error {
			return stripebilling.Plausible(h, now, stripebilling.DefaultTolerance)
		},
		Verify: func(h http.Header, body []byte, now time.Time) error {
			return stripebilling.Verify(h, body, c.Stripe.WebhookSecrets, now, stripebilling.DefaultTolerance)
		},
		Read: func(_ http.Header, body []byte) (lockstep.Hint, error) {
			return stripebilling.Read(body, environment)
		},
	}
}

func clerkSource(c Config) ingest.Source {
	environment := clerkdirectory.Environment{InstanceID: c.Clerk.InstanceID}
	return ingest.Source{
		Name: lockstep.Clerk,
		Plausible: func(h http.Header, now time.Time) error {
			return clerkdirectory.Plausible(h, now, clerkdirectory.DefaultTolerance)
		},
		Verify: func(h http.Header, body []byte, now time.Time) error {
			return clerkdirectory.Verify(h, body, c.Clerk.WebhookSecrets, now, clerkdirectory.DefaultTolerance)
		},
		Read: func(h http.Header, body []byte) (lockstep.Hint, error) {
			return clerkdirectory.Read(h, body, environment)
		},
	}
}

// Handler answers deliveries and the API.
func (s *Server) Handler() http.Handler { return s.web }

// Run brings keys in step until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	defer s.caller.Close()
	defer s.leave(ctx)
	s.announce()
	for err := s.startSweeps(ctx); err != nil && ctx.Err() == nil; err = s.startSweeps(ctx) {
		s.log.ErrorContext(ctx, "cannot start sweeps; trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return s.runner.Run(ctx)
}

// leave gives the others this replica's share at once. If the database does not let us,
// they have it a few seconds later.
func (s *Server) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.fleet.Close(ctx); err != nil {
		s.log.Warn("the other replicas were not told that this one ends", "error", err)
	}
}

// startSweeps has every sweep look for what happened while nobody ran, but leaves
// a full verify to its schedule: it costs reads for every account.
func (s *Server) startSweeps(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	at, err := s.firstStart(ctx)
	if err != nil {
		return err
	}
	for _, key := range sweep.StartKeys(at) {
		work, err := s.store.Work(ctx, key)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return err
		}
		if work.Pending() && key == sweep.FullVerify {
			continue
		}
		if err := s.store.Mark(ctx, lockstep.Mark{Key: key, Priority: lockstep.Background}); err != nil {
			return err
		}
	}
	return s.store.Mark(ctx, s.polled.Marks()...)
}

// Serve answers on the listener and works, until ctx ends or one of the two
// fails. It then stops listening, lets requests end, then runs, and returns.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	web := &http.Server{
		Handler:           s.web,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // also of a slow body, which the one above is not
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	web.RegisterOnShutdown(s.streams.Close)
	group, ctx := errgroup.WithContext(ctx)
	// Requests under way may wait for work, so the work ends after them.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group.Go(func() error { return s.Run(working) })
	group.Go(func() error {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		defer stop()
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err := web.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			return web.Close() // what takes longer is not waited for: its sender will try again
		}
		return err
	})
	return group.Wait()
}
