package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/examples/acmenotes"
	"github.com/lockstep-dev/lockstep/internal/look"
	"github.com/lockstep-dev/lockstep/internal/otlp"
	"github.com/lockstep-dev/lockstep/internal/out/mailbox"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// devCommand runs everything on this machine.
type devCommand struct {
	AppAddr    string `help:"Where the sample app listens." default:"127.0.0.1:3000"`
	Addr       string `help:"Where Lockstep listens." default:"127.0.0.1:8080"`
	StripeAddr string `help:"Where the Stripe simulator listens." default:"127.0.0.1:12111"`
	ClerkAddr  string `help:"Where the Clerk simulator listens." default:"127.0.0.1:12112"`
	Dir        string `help:"Where to keep the state. Delete it to start over." default:".lockstep" type:"path"`
	Seed       uint64 `help:"Seed of the simulators' random choices." default:"1"`
}

// The secrets of dev. They are the same on every machine, open nothing but a simulator, and look like it.
const (
	devStripeKey     = "sk_test_lockstep_dev"
	devClerkKey      = "sk_test_lockstep_dev"
	devStripeWebhook = "whsec_bG9ja3N0ZXAtZGV2LXN0cmlwZS1zZWNyZXQ="
	devClerkWebhook  = "whsec_bG9ja3N0ZXAtZGV2LWNsZXJrLXNlY3JldCE="
	devAPIKey        = "lockstep_dev_api_key_that_opens_nothing"
)

// devOffers is what the sample app sells. The simulated Stripe gets its prices from it too.
var devOffers = []acmenotes.Offer{
	{ID: "pro", Key: acmenotes.ProPlan, Name: "Acme Notes Pro", Amount: 2000, Currency: "usd", Interval: "month"},
	{ID: "lifetime", Key: acmenotes.LifetimePlan, Name: "Acme Notes for life", Amount: 30000, Currency: "usd"},
}

// devCatalog maps both to one plan.
var devCatalog = lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro",
	LookupKeys: []string{acmenotes.ProPlan, acmenotes.LifetimePlan},
	Features:   []string{"export", "sharing"}, Limits: map[string]int64{"notes": 1000}, Rank: 10}}}

// devGapScan is how often dev looks for lost webhooks. Elsewhere it is 5 minutes; here somebody watches.
const devGapScan = 15 * time.Second

// devAgent is how the sample app's calls to Clerk identify themselves, so that the simulator can name it.
const devAgent = "AcmeNotes"

// Run runs everything until the process gets a signal.
func (c *devCommand) Run(ctx context.Context, in *surroundings) (err error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("--dir: cannot create %s: %w; choose another folder", c.Dir, err)
	}
	d, err := c.listen()
	if err != nil {
		return err
	}
	if err := c.simulate(d, in); err != nil {
		return errors.Join(err, d.service.Close(), d.app.Close())
	}
	store, err := sqlitestore.Open(ctx, filepath.Join(c.Dir, "lockstep.db"), sqlitestore.Log(in.log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	traces, stop, err := otlp.FromEnvironment(ctx, in.getenv, in.log)
	if err != nil {
		return err
	}
	defer stop()
	lock, err := d.newServer(store, traces, in)
	if err != nil {
		return err
	}
	acme, err := d.sampleApp(in)
	if err != nil {
		return err
	}

	link, err := consoleLink(ctx, lock, in, d.serviceURL())
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.sims.serve(ctx) })
	group.Go(func() error { return lock.Serve(ctx, d.service) })
	group.Go(func() error { return serveUntil(ctx, d.app, acme) })
	c.explain(in, d, link)
	return group.Wait()
}

// dev is what runs: the service, the sample app and the simulators, on their addresses.
type dev struct {
	service, app net.Listener
	sims         *simulators
}

func (d *dev) serviceURL() string { return "http://" + d.service.Addr().String() }
func (d *dev) appURL() string     { return "http://" + d.app.Addr().String() }
func (d *dev) consoleURL() string { return d.serviceURL() + "/console" }
func (d *dev) tourURL() string    { return d.sims.stripeURL() + "/_sim/tour" }

func (c *devCommand) listen() (*dev, error) {
	service, err := listen(c.Addr, "--addr")
	if err != nil {
		return nil, err
	}
	app, err := listen(c.AppAddr, "--app-addr")
	if err != nil {
		return nil, errors.Join(err, service.Close())
	}
	return &dev{service: service, app: app}, nil
}

// simulate starts the simulators, which deliver to the service and sell the sample app's plans.
func (c *devCommand) simulate(d *dev, in *surroundings) (err error) {
	d.sims, err = startSimulators(c.StripeAddr, c.ClerkAddr, filepath.Join(c.Dir, "simulator.json"), simulator.Config{
		StripeKey: devStripeKey, ClerkKey: devClerkKey, Seed: c.Seed, Logger: in.log, PortalSaved: true,
		StripeWebhooks: []simulator.WebhookEndpoint{endpoint(d.serviceURL()+"/webhooks/stripe", devStripeWebhook)},
		ClerkWebhooks:  []simulator.WebhookEndpoint{endpoint(d.serviceURL()+"/webhooks/clerk", devClerkWebhook)},
		SessionClaims: map[string]string{"plan": "{{user.public_metadata.plan}}",
			"billing": "{{user.public_metadata.billing}}"},
		Links: simulator.Links{App: d.appURL(), AppName: "Acme Notes", AppAgent: devAgent, Service: "Lockstep",
			Console: d.consoleURL(), Mail: d.serviceURL() + "/mail"},
		Tour: &simulator.Tour{GapScan: devGapScan},
	})
	if err != nil {
		return err
	}
	for _, o := range devOffers {
		d.sims.AddPlan(simulator.Plan{LookupKey: o.Key, ProductName: o.Name, Amount: o.Amount, Currency: o.Currency,
			Interval: o.Interval})
	}
	return nil
}

func (d *dev) newServer(store lockstep.Store, traces trace.TracerProvider, in *surroundings) (*server.Server, error) {
	mails := &mailbox.Mailbox{}
	return server.New(server.Config{
		Store: store, Catalog: devCatalog, Log: in.log, Traces: traces,
		HTTP:       server.HTTP{APIKey: devAPIKey, ReturnOrigins: []string{d.appURL(), d.serviceURL()}},
		Sync:       server.Sync{Intervals: server.Intervals{Events: devGapScan}},
		Activation: server.Activation{App: "Acme Notes", ContinueURL: d.appURL() + "/"},
		Stripe: server.Stripe{Key: devStripeKey, BaseURL: d.sims.stripeURL(),
			WebhookSecrets: []lockstep.Secret{devStripeWebhook}},
		Clerk: server.Clerk{Key: devClerkKey, BaseURL: d.sims.clerkURL(), Issuer: d.sims.clerkURL(),
			WebhookSecrets: []lockstep.Secret{devClerkWebhook}},
		Console: server.Console{StripePages: d.sims.stripeURL() + "/_sim/sequence?id=",
			ClerkPages: d.sims.clerkURL() + "/_sim/sequence?id="},
		Email: server.Email{Mailer: mails, Page: mails, App: "Acme Notes", AppURL: d.appURL(), Domain: "acme.example"},
	})
}

func (d *dev) sampleApp(in *surroundings) (http.Handler, error) {
	clerkURL := d.sims.clerkURL()
	sessions, err := clerkdirectory.NewTokens(clerkdirectory.TokenConfig{Key: devClerkKey, BaseURL: clerkURL,
		Issuer: clerkURL})
	if err != nil {
		return nil, err
	}
	return acmenotes.New(acmenotes.Config{URL: d.appURL(), LockstepURL: d.serviceURL(), LockstepKey: devAPIKey,
		ClerkURL: clerkURL, ClerkAPI: clerkURL, ClerkKey: devClerkKey, Sessions: sessions,
		StripePages: d.sims.stripeURL(), Offers: devOffers, Style: look.Style, Icon: look.Icon,
		ConsoleURL: d.serviceURL() + "/console", MailURL: d.serviceURL() + "/mail",
		SimulatorURL: d.sims.stripeURL() + "/_sim",
		HTTPClient:   &http.Client{Timeout: 15 * time.Second, Transport: named{}}, Log: in.log}), nil
}

// named sends requests with the sample app's name.
type named struct{}

func (named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", devAgent)
	return http.DefaultTransport.RoundTrip(r)
}

// explain prints the addresses and what to do there.
func (c *devCommand) explain(in *surroundings, d *dev, console string) {
	stripeURL := d.sims.stripeURL()
	fmt.Fprintf(in.stdout, `
  Guided tour       %s   start here: it says what to do, and sees what you did
  Acme Notes        %s   the sample app
  Console           %s
  Lockstep          %s   its API: /openapi.json, its e-mails: /mail
  Stripe simulator  %s/_sim   lose webhooks, fail requests, advance the clock
  Clerk simulator   %s/_sim   the same controls

  Or without the tour:

  1. Open %s and sign up.
  2. Buy Pro with the card 4242 4242 4242 4242 and any future date and CVC.
  3. Watch the plan change to Pro when Stripe's webhook confirms the payment.
  4. Choose Manage billing and cancel. Then advance the clock by 31 days at %s/_sim.
  5. Ask Lockstep why you have access, or why not, in another terminal:
     LOCKSTEP_API_KEY=%s lockstep explain THE-ID-ON-THE-PAGE%s

  Nothing here is real, and nothing leaves this machine. State: %s
  Press Ctrl-C to stop. To start over, delete the state.

`, d.tourURL(), d.appURL(), console, d.serviceURL(), stripeURL, d.sims.clerkURL(), d.appURL(), stripeURL, devAPIKey,
		d.explainFlag(), c.Dir)
}

// explainFlag names the service to the command explain, unless it listens where the command looks.
func (d *dev) explainFlag() string {
	if d.serviceURL() == "http://127.0.0.1:8080" {
		return ""
	}
	return " --url " + d.serviceURL()
}
