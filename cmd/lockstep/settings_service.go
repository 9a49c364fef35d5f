package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

const (
	defaultAddr     = "127.0.0.1:8080"
	defaultDatabase = "sqlite:lockstep.db"
)

type serviceSettings struct {
	Addr          string   `toml:"addr" flag:"addr" default:"127.0.0.1:8080" doc:"Where to listen"`
	Database      string   `toml:"database" flag:"database" default:"sqlite:lockstep.db" doc:"Where to keep data" more:"Use sqlite:PATH for one process ([sqlite.md](sqlite.md)), or postgres://USER:PASSWORD@HOST/DATABASE for several ([postgresql.md](postgresql.md))."`
	Connections   int      `toml:"database_connections" default:"12" doc:"PostgreSQL connections per process" more:"A process opens a third more for reads. The connections of all processes together must stay below PostgreSQL's max_connections."`
	PublicURL     string   `toml:"public_url" flag:"public-url" default:"none" doc:"Where the outside reaches Lockstep: https://billing.example.com" more:"lockstep setup registers it at Stripe, with the webhook path behind it ([setup.md](setup.md))."`
	ReturnOrigins []string `toml:"return_origins" default:"none" doc:"The origins of your pages, for example \"https://app.example.com\"" more:"Browsers may call the API only from these origins, and buyers return only to them. Without any, browsers cannot start a checkout, and your servers may name every https URL."`
	Console       *bool    `toml:"console" default:"true" doc:"Whether to serve the console at /console" more:"People sign in with a link of lockstep console, or as console_roles says ([console.md](console.md))."`
	ConsoleRoles  []string `toml:"console_roles" default:"none" doc:"Which Clerk users may use the console: \"org_2x/admin=operator\"" more:"Or one user: \"user_2x=viewer\". A role of members always names its organization, because your customers are administrators of theirs."`
	Proxies       []string `toml:"trusted_proxies" default:"this machine" doc:"Proxies whose X-Forwarded-For Lockstep trusts" more:"Addresses or networks, for example \"10.0.0.0/8\". Lockstep limits wrong credentials by client, so list the load balancers in front of it. [] trusts none."`
}

// databaseURL says which database to open, and how.
type databaseURL struct {
	url         string
	connections int  // bounds those to PostgreSQL; 0 means the default
	asIs        bool // neither create nor migrate it
}

// openStore opens a database.
func openStore(ctx context.Context, db databaseURL, log *slog.Logger) (lockstep.Store, error) {
	scheme, path, _ := strings.Cut(db.url, ":")
	switch {
	case scheme == "sqlite" && path != "":
		options := []sqlitestore.Option{sqlitestore.Log(log)}
		if db.asIs {
			options = append(options, sqlitestore.AsIs())
		}
		return sqlitestore.Open(ctx, path, options...)
	case scheme == "postgres" || scheme == "postgresql":
		options := []pgstore.Option{pgstore.Connections(cmp.Or(db.connections, pgstore.DefaultConnections))}
		if db.asIs {
			options = append(options, pgstore.AsIs())
		}
		return pgstore.Open(ctx, db.url, options...)
	}
	// The error shows only the scheme, because the rest may contain a password.
	return nil, fmt.Errorf("DATABASE_URL (or --database): it starts with %q; use sqlite:PATH, for example %s, or postgres://USER:PASSWORD@HOST/DATABASE",
		scheme+":", defaultDatabase)
}

type stripeSettings struct {
	StripeAPIBase string   `toml:"stripe_api_base" flag:"stripe-api-base" default:"https://api.stripe.com" doc:"Stripe's API, or a simulator's"`
	StripePath    string   `toml:"stripe_webhook_path" flag:"stripe-webhook-path" default:"/webhooks/stripe" doc:"Where Stripe delivers webhooks"`
	Poll          duration `toml:"poll" flag:"poll" default:"off" doc:"Read Stripe's event list this often, at least \"1s\"" more:"Instead of webhooks, for a machine without a public URL, or beside them. With it, STRIPE_WEBHOOK_SECRET may be missing."`
}

type identitySettings struct {
	Identity     string `toml:"identity" default:"clerk" doc:"Where accounts come from: \"clerk\" or \"api\"" more:"With \"api\", your servers create and delete accounts through the API, and no Clerk key is needed."`
	ClerkAPIBase string `toml:"clerk_api_base" flag:"clerk-api-base" default:"https://api.clerk.com" doc:"Clerk's Backend API, or a simulator's"`
	ClerkPath    string `toml:"clerk_webhook_path" flag:"clerk-webhook-path" default:"/webhooks/clerk" doc:"Where Clerk delivers webhooks"`
	Clerk        struct {
		InstanceID        string   `toml:"instance_id" default:"any" doc:"Accept only events of this instance (ins_…)"`
		Issuer            string   `toml:"issuer" default:"any" doc:"Accept only session tokens of this Frontend API URL"`
		AuthorizedParties []string `toml:"authorized_parties" default:"any" doc:"Accept only session tokens of these origins"`
	} `toml:"clerk"`
}

func (s identitySettings) apply(c *server.Config) {
	c.Identities = server.IdentitySource(s.Identity)
	c.Clerk.InstanceID, c.Clerk.Issuer, c.Clerk.AuthorizedParties = s.Clerk.InstanceID, s.Clerk.Issuer,
		s.Clerk.AuthorizedParties
}

type syncSettings struct {
	Workers struct {
		Slots   int      `toml:"slots" default:"32" doc:"Concurrent syncs of a process" more:"Half of them are reserved for interactive work, such as a buyer who waits for access."`
		Lease   duration `toml:"lease" default:"60s" doc:"How long a crashed process blocks the keys it was syncing"`
		Timeout duration `toml:"timeout" default:"three quarters of the lease" doc:"How long a sync may take"`
	} `toml:"workers"`
	Sweeps struct {
		Events    duration `toml:"events" default:"5m" doc:"How often to look for Stripe events that no webhook delivered"`
		Directory duration `toml:"directory" default:"1h" doc:"How often to list Clerk's users and organizations"`
		Polled    duration `toml:"directory_poll" default:"1m" doc:"The same, if Clerk sends no webhooks; at least \"1s\""`
		Accounts  duration `toml:"accounts" default:"24h" doc:"How often to sync every account"`
		Retention duration `toml:"retention" default:"1h" doc:"How often to delete old events"`
	} `toml:"sweeps"`
	Retention struct {
		Bodies duration `toml:"bodies" default:"720h" doc:"How long the bodies of processed events are kept, at most \"9600h\""`
		IDs    duration `toml:"ids" default:"2160h" doc:"How long the rest of an event is kept, at least \"840h\", or \"none\"" more:"Lockstep recognizes a duplicate by this. \"none\" keeps it forever."`
	} `toml:"retention"`
	Limits struct {
		Stripe         float64 `toml:"stripe" default:"100 live, 25 test" doc:"Requests per second that Stripe allows your account" more:"All replicas share the limits. If you set only this one, endpoints have no limit of their own."`
		StripeEndpoint float64 `toml:"stripe_endpoint" default:"25" doc:"Requests per second that Stripe allows to one endpoint"`
		Clerk          float64 `toml:"clerk" default:"100 production, 10 development" doc:"Requests per second that Clerk allows your instance"`
	} `toml:"limits"`
	Memory struct {
		Accounts int      `toml:"accounts" default:"10000" doc:"Accounts kept in memory; 10000 take at most 30 MB"`
		Poll     duration `toml:"poll" default:"250ms" doc:"How old an answer from memory may be after another process wrote"`
		Trust    duration `toml:"trust" default:"2s" doc:"How old it may be while the database does not respond"`
	} `toml:"memory"`
}

func (s syncSettings) apply(c *server.Config) {
	c.Stripe.Limits = lockstep.Limits{PerSecond: s.Limits.Stripe, PerEndpoint: s.Limits.StripeEndpoint}
	c.Clerk.Limits = lockstep.Limits{PerSecond: s.Limits.Clerk}
	c.Sync = server.Sync{
		Intervals: server.Intervals{Events: time.Duration(s.Sweeps.Events),
			Directory: time.Duration(s.Sweeps.Directory), DirectoryPoll: time.Duration(s.Sweeps.Polled),
			Accounts: time.Duration(s.Sweeps.Accounts), Retention: time.Duration(s.Sweeps.Retention)},
		Retention: lockstep.Retention{Bodies: time.Duration(s.Retention.Bodies), IDs: time.Duration(s.Retention.IDs)},
		Workers: server.Workers{Slots: s.Workers.Slots, Lease: time.Duration(s.Workers.Lease),
			Timeout: time.Duration(s.Workers.Timeout)},
		Memory: server.Memory{Accounts: s.Memory.Accounts, Poll: time.Duration(s.Memory.Poll),
			Trust: time.Duration(s.Memory.Trust)},
	}
}
