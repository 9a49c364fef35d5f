package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep/server"
)

// serveCommand runs the service. Flags win over the environment, that over the
// file, and that over the defaults.
type serveCommand struct {
	Addr          string `help:"Where to listen (127.0.0.1:8080)." env:"LOCKSTEP_ADDR"`
	Database      string `help:"Where to keep data (sqlite:lockstep.db)." env:"DATABASE_URL" placeholder:"URL"`
	StripeAPIBase string `help:"Stripe's API, or a simulator's." env:"STRIPE_API_BASE" placeholder:"URL"`
	ClerkAPIBase  string `help:"Clerk's Backend API, or a simulator's." env:"CLERK_API_BASE" placeholder:"URL"`
	Config        string `help:"Configuration file (lockstep.toml, if it is there)." env:"LOCKSTEP_CONFIG" type:"path"`
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, in *surroundings) (err error) {
	f, err := readFile(c.Config)
	if err != nil {
		return err
	}
	secrets, err := readCredentials(in.getenv, server.IdentitySource(f.Identity) != server.FromAPI)
	if err != nil {
		return fmt.Errorf("secrets come from the environment:\n%w\nTo try everything without any key: lockstep dev", err)
	}
	store, err := openStore(ctx, first(c.Database, f.Database, "sqlite:lockstep.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	config := server.Config{
		Store: store, APIKey: secrets.api, Log: in.log,
		Stripe: server.Stripe{Key: secrets.stripe, WebhookSecrets: secrets.stripeWebhooks, BaseURL: first(c.StripeAPIBase, f.StripeAPIBase)},
		Clerk:  server.Clerk{Key: secrets.clerk, WebhookSecrets: secrets.clerkWebhooks, BaseURL: first(c.ClerkAPIBase, f.ClerkAPIBase)},
	}
	f.apply(&config)
	if err := f.Mail.apply(&config, in.getenv); err != nil {
		return err
	}
	if err := f.webhooks(&config, in.getenv); err != nil {
		return err
	}
	s, err := server.New(config)
	if err != nil {
		return err
	}
	listener, err := listen(first(c.Addr, f.Addr, "127.0.0.1:8080"), "--addr or LOCKSTEP_ADDR")
	if err != nil {
		return err
	}
	if secrets.api == "" {
		in.log.Warn("LOCKSTEP_API_KEY is not set: only browsers with a session token can call the API")
	}
	fmt.Fprintf(in.stdout, "lockstep listens on http://%s\n", listener.Addr())
	return s.Serve(ctx, listener)
}
