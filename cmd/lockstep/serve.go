package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// serveCommand runs the service. Flags win over the environment, that over the
// file, and that over the defaults.
type serveCommand struct {
	Addr          string        `help:"Where to listen (127.0.0.1:8080)." env:"LOCKSTEP_ADDR"`
	Database      string        `help:"Where to keep data (sqlite:lockstep.db)." env:"DATABASE_URL" placeholder:"URL"`
	StripeAPIBase string        `help:"Stripe's API, or a simulator's." env:"STRIPE_API_BASE" placeholder:"URL"`
	ClerkAPIBase  string        `help:"Clerk's Backend API, or a simulator's." env:"CLERK_API_BASE" placeholder:"URL"`
	Poll          time.Duration `help:"Read Stripe's event list this often, for example 5s. Then no Stripe webhook secret and no public URL is needed." env:"LOCKSTEP_POLL" placeholder:"DURATION"`
	StripePath    string        `name:"stripe-webhook-path" help:"Where Stripe delivers webhooks (/webhooks/stripe)." env:"STRIPE_WEBHOOK_PATH" placeholder:"PATH"`
	ClerkPath     string        `name:"clerk-webhook-path" help:"Where Clerk delivers webhooks (/webhooks/clerk)." env:"CLERK_WEBHOOK_PATH" placeholder:"PATH"`
	Config        string        `help:"Configuration file (lockstep.toml, if it is there)." env:"LOCKSTEP_CONFIG" type:"path"`
}

// config is what flags, environment and file say, with the store opened.
func (c *serveCommand) config(ctx context.Context, in *surroundings) (config server.Config, f file, err error) {
	if config, f, err = c.settings(in); err != nil {
		return config, f, err
	}
	config.Store, err = openStore(ctx, first(c.Database, f.Database, "sqlite:lockstep.db"), f.Connections, in.log)
	return config, f, err
}

// settings is what flags, environment and file say.
func (c *serveCommand) settings(in *surroundings) (config server.Config, f file, err error) {
	if f, err = readFile(c.Config); err != nil {
		return config, f, err
	}
	poll := cmp.Or(c.Poll, time.Duration(f.Poll))
	secrets, err := readCredentials(in.getenv, server.IdentitySource(f.Identity) != server.FromAPI, poll != 0)
	if err != nil {
		return config, f, fmt.Errorf("secrets come from the environment:\n%w\nTo try everything without any key: lockstep dev", err)
	}
	config = server.Config{
		HTTP: server.HTTP{APIKey: secrets.api}, Log: in.log,
		Stripe: server.Stripe{Key: secrets.stripe, WebhookSecrets: secrets.stripeWebhooks,
			BaseURL: first(c.StripeAPIBase, f.StripeAPIBase),
			Poll:    poll, WebhookPath: first(c.StripePath, f.StripePath)},
		Clerk: server.Clerk{Key: secrets.clerk, WebhookSecrets: secrets.clerkWebhooks,
			BaseURL:     first(c.ClerkAPIBase, f.ClerkAPIBase),
			WebhookPath: first(c.ClerkPath, f.ClerkPath)},
	}
	f.apply(&config)
	if err := f.Mail.apply(&config, in.getenv); err != nil {
		return config, f, err
	}
	return config, f, f.webhooks(&config, in.getenv)
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, in *surroundings) (err error) {
	config, f, err := c.config(ctx, in)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, config.Store.Close()) }()
	s, err := server.New(config)
	if err != nil {
		return err
	}
	listener, err := listen(first(c.Addr, f.Addr, "127.0.0.1:8080"), "--addr or LOCKSTEP_ADDR")
	if err != nil {
		return err
	}
	if config.HTTP.APIKey == "" {
		in.log.Warn("LOCKSTEP_API_KEY is not set: only browsers with a session token can call the API")
	}
	fmt.Fprintf(in.stdout, "lockstep listens on http://%s\n", listener.Addr())
	return s.Serve(ctx, listener)
}
