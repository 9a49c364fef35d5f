package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/otlp"
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

	given map[string]lockstep.Setting // the flags that the command line or the environment sets, by name
}

// Help is shown by serve --help.
func (*serveCommand) Help() string {
	return "Secrets come from the environment, everything else from flags, the environment or lockstep.toml. docs/configuration.md lists every setting."
}

// settings are what flags, environment and file say. With problems, the configuration is incomplete.
type settings struct {
	server.Checkup
	file    file
	secrets error // what is missing in the environment
}

// config combines flags, environment and file, and opens the store. It reports every problem at once.
func (c *serveCommand) config(ctx context.Context, in *surroundings) (config server.Config, f file, err error) {
	s, err := c.settings(in)
	if err != nil {
		return config, f, err
	}
	if err := s.valid(); err != nil {
		return config, f, err
	}
	s.Config.Store, err = openStore(ctx, databaseURL{c.database(s.file), s.file.Connections, false}, in.log)
	return s.Config, s.file, err
}

// valid joins the problems of the configuration. Someone who has no keys yet gets a hint.
func (s settings) valid() error {
	err := errors.Join(s.Invalid()...)
	if s.secrets != nil {
		return fmt.Errorf("the environment lacks secrets:\n%w\nTo try Lockstep without any key: lockstep dev", err)
	}
	return err
}

// database returns the URL of the database.
func (c *serveCommand) database(f file) string { return first(c.Database, f.Database, defaultDatabase) }

// settings combines flags, environment and file. Its error says why the file cannot be read.
func (c *serveCommand) settings(in *surroundings) (s settings, err error) {
	if s.file, err = readFile(c.Config); err != nil {
		return s, err
	}
	f := s.file
	poll := cmp.Or(c.Poll, time.Duration(f.Poll))
	var secrets credentials
	secrets, s.secrets = readCredentials(in.getenv, server.IdentitySource(f.Identity) != server.FromAPI, poll != 0)
	s.Config = server.Config{
		HTTP: server.HTTP{APIKey: secrets.api}, Log: in.log,
		Stripe: server.Stripe{Key: secrets.stripe, WebhookSecrets: secrets.stripeWebhooks,
			BaseURL: first(c.StripeAPIBase, f.StripeAPIBase),
			Poll:    poll, WebhookPath: first(c.StripePath, f.StripePath)},
		Clerk: server.Clerk{Key: secrets.clerk, WebhookSecrets: secrets.clerkWebhooks,
			BaseURL:     first(c.ClerkAPIBase, f.ClerkAPIBase),
			WebhookPath: first(c.ClerkPath, f.ClerkPath)},
	}
	f.apply(&s.Config)
	if s.Config.Settings, err = c.effective(f, in.getenv); err != nil {
		return s, err
	}
	s.Problems = each(s.secrets, f.consoleRoles(&s.Config), f.Mail.apply(&s.Config, in.getenv), f.webhooks(&s.Config,
		in.getenv),
		otlp.Check(in.getenv))
	return s, nil
}

// each returns the errors that were joined, without those that are nil.
func each(errs ...error) (all []error) {
	for _, err := range errs {
		joined, is := err.(interface{ Unwrap() []error })
		switch {
		case is:
			all = append(all, each(joined.Unwrap()...)...)
		case err != nil:
			all = append(all, err)
		}
	}
	return all
}

// Run serves until the process gets a signal.
func (c *serveCommand) Run(ctx context.Context, in *surroundings) (err error) {
	config, f, err := c.config(ctx, in)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, config.Store.Close()) }()
	var stop func()
	if config.Traces, stop, err = otlp.FromEnvironment(ctx, in.getenv, in.log); err != nil {
		return err
	}
	defer stop()
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
	offerConsole(ctx, s, in, "http://"+listener.Addr().String())
	return s.Serve(ctx, listener)
}
