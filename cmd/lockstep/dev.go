package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/examples/acmenotes"
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
	Dir        string `help:"Where the state is kept." default:".lockstep" type:"path"`
	Seed       uint64 `help:"Seed of the simulators' random choices." default:"1"`
}

// The secrets of a world in which nothing is real. They are the same on every
// machine, open nothing but a simulator, and look like what they are.
const (
	devStripeKey     = "sk_test_lockstep_dev"
	devClerkKey      = "sk_test_lockstep_dev"
	devStripeWebhook = "whsec_bG9ja3N0ZXAtZGV2LXN0cmlwZS1zZWNyZXQ="
	devClerkWebhook  = "whsec_bG9ja3N0ZXAtZGV2LWNsZXJrLXNlY3JldCE="
	devAPIKey        = "lockstep_dev_api_key_that_opens_nothing"
)

// devPlans is what the sample app sells.
var devPlans = []simulator.Plan{
	{LookupKey: acmenotes.ProPlan, ProductName: "Acme Notes Pro", Amount: 2000, Currency: "usd", Interval: "month"},
	{LookupKey: acmenotes.LifetimePlan, ProductName: "Acme Notes for life", Amount: 30000, Currency: "usd"},
}

// devCatalog gives both the same plan.
var devCatalog = lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro",
	LookupKeys: []string{acmenotes.ProPlan, acmenotes.LifetimePlan},
	Features:   []string{"export", "sharing"}, Limits: map[string]int64{"notes": 1000}, Rank: 10}}}

// Run runs everything until it is told to stop.
func (c *devCommand) Run(ctx context.Context, in *surroundings) (err error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	service, err := listen(c.Addr, "--addr")
	if err != nil {
		return err
	}
	app, err := listen(c.AppAddr, "--app-addr")
	if err != nil {
		return errors.Join(err, service.Close())
	}
	serviceURL, appURL := "http://"+service.Addr().String(), "http://"+app.Addr().String()
	sims, err := startSimulators(c.StripeAddr, c.ClerkAddr, filepath.Join(c.Dir, "simulator.json"), simulator.Config{
		StripeKey: devStripeKey, ClerkKey: devClerkKey, Seed: c.Seed, Logger: in.log, PortalSaved: true,
		StripeWebhooks: []simulator.WebhookEndpoint{endpoint(serviceURL+"/webhooks/stripe", devStripeWebhook)},
		ClerkWebhooks:  []simulator.WebhookEndpoint{endpoint(serviceURL+"/webhooks/clerk", devClerkWebhook)},
		SessionClaims: map[string]string{"plan": "{{user.public_metadata.plan}}",
			"billing": "{{user.public_metadata.billing}}"},
	})
	if err != nil {
		return errors.Join(err, service.Close(), app.Close())
	}
	for _, plan := range devPlans {
		sims.AddPlan(plan)
	}
	store, err := sqlitestore.Open(ctx, filepath.Join(c.Dir, "lockstep.db"), sqlitestore.Log(in.log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	mails := &mailbox.Mailbox{}
	lock, err := server.New(server.Config{
		Store: store, Catalog: devCatalog, Log: in.log,
		HTTP:       server.HTTP{APIKey: devAPIKey, ReturnOrigins: []string{appURL, serviceURL}},
		Activation: server.Activation{App: "Acme Notes", ContinueURL: appURL + "/"},
		Stripe: server.Stripe{Key: devStripeKey, BaseURL: sims.stripeURL(),
			WebhookSecrets: []lockstep.Secret{devStripeWebhook}},
		Clerk: server.Clerk{Key: devClerkKey, BaseURL: sims.clerkURL(), Issuer: sims.clerkURL(),
			WebhookSecrets: []lockstep.Secret{devClerkWebhook}},
		Email: server.Email{Mailer: mails, Page: mails, App: "Acme Notes", AppURL: appURL, Domain: "acme.example"},
	})
	if err != nil {
		return err
	}
	acme, err := sampleApp(in, appURL, serviceURL, sims.clerkURL())
	if err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return sims.serve(ctx) })
	group.Go(func() error { return lock.Serve(ctx, service) })
	group.Go(func() error { return serveUntil(ctx, app, acme) })
	c.explain(in, appURL, serviceURL, sims)
	return group.Wait()
}

func sampleApp(in *surroundings, appURL, serviceURL, clerkURL string) (http.Handler, error) {
	client := &http.Client{Timeout: 15 * time.Second}
	sessions, err := clerkdirectory.NewTokens(clerkdirectory.TokenConfig{Key: devClerkKey, BaseURL: clerkURL,
		Issuer: clerkURL})
	if err != nil {
		return nil, err
	}
	return acmenotes.New(acmenotes.Config{URL: appURL, LockstepURL: serviceURL, LockstepKey: devAPIKey,
			ClerkURL: clerkURL, ClerkAPI: clerkURL, ClerkKey: devClerkKey, Sessions: sessions, HTTPClient: client, Log: in.log}),
		nil
}

// explain says where everything is and what to do there.
func (c *devCommand) explain(in *surroundings, appURL, serviceURL string, sims *simulators) {
	fmt.Fprintf(in.stdout, `
  Acme Notes        %s   the sample app: start here
  Lockstep          %s   its API is described at /openapi.json, its e-mails are at /mail
  Stripe simulator  %s/_sim
  Clerk simulator   %s/_sim

  1. Open %s and sign up.
  2. Buy Pro with the card 4242 4242 4242 4242 and any date and CVC.
  3. Watch the plan change to Pro when Stripe's webhook confirms the payment.
  4. Choose Manage billing and cancel. Then advance the clock by 31 days at %s/_sim.
  5. Ask Lockstep why you have access, or why not:
     curl -H "Authorization: Bearer %s" %s/v1/accounts/user/THE-ID-ON-THE-PAGE

  Nothing here is real, and nothing leaves this machine. State: %s
  Press Ctrl-C to stop. To start over, delete the state.

`, appURL, serviceURL, sims.stripeURL(), sims.clerkURL(), appURL, sims.stripeURL(), devAPIKey, serviceURL, c.Dir)
}
