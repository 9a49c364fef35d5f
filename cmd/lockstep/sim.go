package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// simCommand runs only the simulators, for your own service or app.
type simCommand struct {
	StripeAddr    string            `help:"Where the Stripe simulator listens." default:"127.0.0.1:12111"`
	ClerkAddr     string            `help:"Where the Clerk simulator listens." default:"127.0.0.1:12112"`
	StripeWebhook string            `help:"Where to deliver Stripe's events, signed with STRIPE_WEBHOOK_SECRET." placeholder:"URL" example:"http://127.0.0.1:8080/webhooks/stripe"`
	ClerkWebhook  string            `help:"Where to deliver Clerk's events, signed with CLERK_WEBHOOK_SIGNING_SECRET." placeholder:"URL" example:"http://127.0.0.1:8080/webhooks/clerk"`
	RestrictedKey map[string]string `help:"A further Stripe key with its permissions, for example rk_test_1=rak_customer_read,rak_event_read. Repeat the flag for several." placeholder:"KEY=PERMISSION,…" mapsep:"none" example:"rk_test_1=rak_customer_read"`
	State         string            `help:"Keep the state in this file (default: in memory only)." type:"path" placeholder:"FILE" example:"simulator.json"`
	Seed          uint64            `help:"Seed of the random choices." default:"1"`
	RateLimits    bool              `help:"Enforce the providers' published rate limits."`
	Portal        bool              `help:"Start with the customer portal already configured."`
}

// Run simulates until the process gets a signal.
func (c *simCommand) Run(ctx context.Context, in *surroundings) error {
	config := simulator.Config{Seed: c.Seed, Logger: in.log, RateLimits: c.RateLimits, PortalSaved: c.Portal,
		StripeKey: first(in.getenv(stripeKey.names[0]), in.getenv(stripeKey.names[1]), in.getenv(stripeKey.names[2])),
		ClerkKey:  in.getenv(clerkKey.names[0]),
	}
	for key, permissions := range c.RestrictedKey {
		if config.RestrictedKeys == nil {
			config.RestrictedKeys = map[string][]string{}
		}
		config.RestrictedKeys[key] = strings.Split(permissions, ",")
	}
	var err error
	if config.StripeWebhooks, err = webhook(c.StripeWebhook, stripeWebhook, in.getenv); err != nil {
		return err
	}
	if config.ClerkWebhooks, err = webhook(c.ClerkWebhook, clerkWebhook, in.getenv); err != nil {
		return err
	}
	sims, err := startSimulators(c.StripeAddr, c.ClerkAddr, c.State, config)
	if err != nil {
		return err
	}
	fmt.Fprintf(in.stdout, "Stripe simulator  %s   controls: %s/_sim   key: %s\nClerk simulator   %s   controls: %s/_sim   key: %s\n",
		sims.stripeURL(), sims.stripeURL(), which(config.StripeKey, simulator.DefaultStripeKey, stripeKey),
		sims.clerkURL(), sims.clerkURL(), which(config.ClerkKey, simulator.DefaultClerkKey, clerkKey))
	return sims.serve(ctx)
}

// which describes the key that a simulator accepts. It never prints a key from the environment.
func which(given, byDefault string, s secret) string {
	if given == "" {
		return byDefault
	}
	return "the one in " + s.names[0]
}

// webhook returns the endpoint at url, with its secrets from the environment.
func webhook(url string, s secret, getenv func(string) string) ([]simulator.WebhookEndpoint, error) {
	if url == "" {
		return nil, nil
	}
	secrets, err := s.list(getenv)
	if err != nil {
		return nil, fmt.Errorf("deliver to %s: %w", url, err)
	}
	return []simulator.WebhookEndpoint{endpoint(url, secrets...)}, nil
}

// endpoint returns an endpoint that signs with all secrets. There must be at least one.
func endpoint(url string, secrets ...lockstep.Secret) simulator.WebhookEndpoint {
	e := simulator.WebhookEndpoint{URL: url, Secret: secrets[0].Reveal()}
	for _, s := range secrets[1:] {
		e.Secrets = append(e.Secrets, s.Reveal())
	}
	return e
}

// simulators are both simulators on their listeners.
type simulators struct {
	*simulator.Simulator
	stripe, clerk net.Listener
	config        simulator.Config
	state         string // file; empty keeps the state in memory only
}

// startSimulators listens first, because the simulators must know their addresses.
func startSimulators(stripeAddr, clerkAddr, state string, config simulator.Config) (*simulators, error) {
	s := &simulators{state: state}
	var err error
	if s.stripe, err = listenLoopback(stripeAddr, "--stripe-addr"); err != nil {
		return nil, err
	}
	if s.clerk, err = listenLoopback(clerkAddr, "--clerk-addr"); err != nil {
		return nil, errors.Join(err, s.stripe.Close())
	}
	config.StripeURL, config.ClerkURL = s.stripeURL(), s.clerkURL()
	s.config = config
	if s.Simulator, err = simulator.New(config); err == nil {
		err = s.restore()
	}
	if err != nil {
		return nil, errors.Join(err, s.stripe.Close(), s.clerk.Close())
	}
	return s, nil
}

// listenLoopback refuses to expose a simulator to a network: anyone who reaches it can buy everything.
func listenLoopback(addr, flag string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not an address: %w; for example 127.0.0.1:12111", flag, addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s: %s is not a loopback address, and the simulators accept every card; use 127.0.0.1", flag, addr)
	}
	return listen(addr, flag)
}

// listen listens at addr. Its error names the setting of the address.
func listen(addr, flag string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr) //nolint:noctx // listening does not block
	if err != nil {
		return nil, fmt.Errorf("%s: cannot listen at %s: %w; choose another address", flag, addr, err)
	}
	return listener, nil
}

func (s *simulators) stripeURL() string { return "http://" + s.stripe.Addr().String() }
func (s *simulators) clerkURL() string  { return "http://" + s.clerk.Addr().String() }

// serve answers requests, delivers webhooks and saves the state until ctx ends. Then it saves what the last
// requests changed.
func (s *simulators) serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error { return serveUntil(ctx, s.stripe, s.StripeHandler()) })
	group.Go(func() error { return serveUntil(ctx, s.clerk, s.ClerkHandler()) })
	group.Go(func() error { return s.keep(ctx) })
	return errors.Join(group.Wait(), s.write())
}

// serveUntil serves until ctx ends, then lets requests finish for two seconds.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err := web.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			err = web.Close() // an open page must not keep the process running
		}
		stopped <- err
	})
	err := web.Serve(listener)
	if stop() { // Serve failed before ctx ended
		return err
	}
	return <-stopped
}
