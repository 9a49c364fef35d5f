package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// serveCommand runs the service. Flags override the environment, which overrides the file, which overrides
// the defaults.
type serveCommand struct {
	Addr          string        `help:"Where to listen (default: 127.0.0.1:8080)." env:"LOCKSTEP_ADDR" placeholder:"HOST:PORT" example:"127.0.0.1:8080"`
	Database      string        `help:"Where to keep data: sqlite:PATH or postgres://… (default: sqlite:lockstep.db)." env:"DATABASE_URL" placeholder:"URL" example:"sqlite:lockstep.db"`
	Poll          time.Duration `help:"Read Stripe's event list this often, for example 5s. Needs no webhook secret and no public URL." env:"LOCKSTEP_POLL" placeholder:"DURATION" example:"5s"`
	Config        string        `help:"Configuration file (default: lockstep.toml, if it exists)." env:"LOCKSTEP_CONFIG" type:"path" placeholder:"FILE" example:"lockstep.toml"`
	StripePath    string        `name:"stripe-webhook-path" help:"Where Stripe delivers webhooks (default: /webhooks/stripe)." env:"STRIPE_WEBHOOK_PATH" placeholder:"PATH" example:"/api/webhook"`
	ClerkPath     string        `name:"clerk-webhook-path" help:"Where Clerk delivers webhooks (default: /webhooks/clerk)." env:"CLERK_WEBHOOK_PATH" placeholder:"PATH" example:"/api/webhooks/clerk"`
	StripeAPIBase string        `help:"Stripe's API, or a simulator's." env:"STRIPE_API_BASE" placeholder:"URL" example:"http://127.0.0.1:12111"`
	ClerkAPIBase  string        `help:"Clerk's Backend API, or a simulator's." env:"CLERK_API_BASE" placeholder:"URL" example:"http://127.0.0.1:12112"`
}

// Help is shown by serve --help.
func (*serveCommand) Help() string {
	return "Secrets come from the environment, everything else from flags, the environment or lockstep.toml. docs/configuration.md lists every setting."
}

// config combines flags, environment and file, and opens the store.
func (c *serveCommand) config(ctx context.Context, in *surroundings) (config server.Config, f file, err error) {
	if config, f, err = c.settings(in); err != nil {
		return config, f, err
	}
	config.Store, err = openStore(ctx, first(c.Database, f.Database, defaultDatabase), f.Connections, in.log)
	return config, f, err
}

// settings combines flags, environment and file.
func (c *serveCommand) settings(in *surroundings) (config server.Config, f file, err error) {
	if f, err = readFile(c.Config); err != nil {
		return config, f, err
	}
	poll := cmp.Or(c.Poll, time.Duration(f.Poll))
	secrets, err := readCredentials(in.getenv, server.IdentitySource(f.Identity) != server.FromAPI, poll != 0)
	if err != nil {
		return config, f, fmt.Errorf("the environment lacks secrets:\n%w\nTo try Lockstep without any key: lockstep dev", err)
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
	err = errors.Join(f.Mail.apply(&config, in.getenv), f.webhooks(&config, in.getenv))
	return config, f, err
}

// Run serves until the process gets a signal.
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
	listener, err := listen(first(c.Addr, f.Addr, defaultAddr), "--addr or LOCKSTEP_ADDR")
	if err != nil {
		return err
	}
	if config.HTTP.APIKey == "" {
		in.log.Warn("LOCKSTEP_API_KEY is not set; only browsers with a session token and keys of lockstep keys create can call the API")
	}
	fmt.Fprintf(in.stdout, "Lockstep listens on http://%s\n", listener.Addr())
	return s.Serve(ctx, listener)
}
