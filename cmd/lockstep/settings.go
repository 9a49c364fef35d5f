package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// file is lockstep.toml: what is not secret, and what is too long for a flag.
type file struct {
	Addr          string   `toml:"addr"`
	Database      string   `toml:"database"`
	Connections   int      `toml:"database_connections"`
	StripeAPIBase string   `toml:"stripe_api_base"`
	ClerkAPIBase  string   `toml:"clerk_api_base"`
	Poll          duration `toml:"poll"`
	StripePath    string   `toml:"stripe_webhook_path"`
	ClerkPath     string   `toml:"clerk_webhook_path"`
	ReturnOrigins []string `toml:"return_origins"`
	Proxies       []string `toml:"trusted_proxies"`
	Deleted       string   `toml:"on_account_deleted"`
	UserDeleted   string   `toml:"on_user_deleted"`
	OrgDeleted    string   `toml:"on_organization_deleted"`
	OrgEmpty      string   `toml:"on_organization_empty"`
	Deletions     struct {
		Brake  int      `toml:"brake"`
		Window duration `toml:"window"`
		Share  int      `toml:"share"`
		Forget duration `toml:"forget_after"`
	} `toml:"deletions"`
	Identity      string   `toml:"identity"`
	PastDueGrace  duration `toml:"past_due_grace"`
	PartialRefund string   `toml:"partial_refund"`
	PlanMetadata  string   `toml:"plan_metadata"`
	Entitlements  bool     `toml:"stripe_entitlements"`
	Budget        int      `toml:"projection_budget"`
	AdoptByEmail  bool     `toml:"adopt_by_email"`
	Details       string   `toml:"customer_details"`
	Customers     string   `toml:"customers"`
	Backfill      struct {
		Rate float64 `toml:"rate"`
	} `toml:"backfill"`

	Clerk struct {
		InstanceID        string   `toml:"instance_id"`
		Issuer            string   `toml:"issuer"`
		AuthorizedParties []string `toml:"authorized_parties"`
	} `toml:"clerk"`
	Metadata struct {
		CustomerID     *string `toml:"customer_id"`
		SubscriptionID *string `toml:"subscription_id"`
		Status         *string `toml:"status"`
		Plan           *string `toml:"plan"`
		Billing        *string `toml:"billing"`
	} `toml:"metadata_keys"`
	Buying struct {
		Roles               []string `toml:"roles"`
		Several             bool     `toml:"several_subscriptions"`
		RepeatTrials        bool     `toml:"repeat_trials"`
		TrialsPer           string   `toml:"trials_per"`
		Unlisted            bool     `toml:"unlisted_prices"`
		PortalConfiguration string   `toml:"portal_configuration"`
	} `toml:"buying"`
	Seats struct {
		Follow       string `toml:"follow"`
		Proration    string `toml:"proration"`
		Minimum      int64  `toml:"minimum"`
		LimitMembers bool   `toml:"limit_members"`
	} `toml:"seats"`
	Activation struct {
		App         string `toml:"app"`
		ContinueURL string `toml:"continue_url"`
	} `toml:"activation"`
	Mail     mailSettings      `toml:"mail"`
	Webhooks []webhookSettings `toml:"webhook"`
	Sweeps   struct {
		Events    duration `toml:"events"`
		Directory duration `toml:"directory"`
		Polled    duration `toml:"directory_poll"`
		Accounts  duration `toml:"accounts"`
		Retention duration `toml:"retention"`
	} `toml:"sweeps"`
	Retention struct {
		Bodies duration `toml:"bodies"`
		IDs    duration `toml:"ids"`
	} `toml:"retention"`
	Limits struct {
		Stripe         float64 `toml:"stripe"`
		StripeEndpoint float64 `toml:"stripe_endpoint"`
		Clerk          float64 `toml:"clerk"`
	} `toml:"limits"`
	Workers struct {
		Slots   int      `toml:"slots"`
		Lease   duration `toml:"lease"`
		Timeout duration `toml:"timeout"`
	} `toml:"workers"`
	Memory struct {
		Accounts int      `toml:"accounts"`
		Poll     duration `toml:"poll"`
		Trust    duration `toml:"trust"`
	} `toml:"memory"`
	Plans []struct {
		Name       string           `toml:"name"`
		Prices     []string         `toml:"prices"`
		LookupKeys []string         `toml:"lookup_keys"`
		Products   []string         `toml:"products"`
		Features   []string         `toml:"features"`
		Limits     map[string]int64 `toml:"limits"`
		Rank       int              `toml:"rank"`
		Duration   duration         `toml:"duration"`
		TrialDays  int64            `toml:"trial_days"`
		NoCard     bool             `toml:"trial_without_card"`
	} `toml:"plan"`
}

type duration time.Duration

// UnmarshalText reads "72h", and "none" as a negative duration.
func (d *duration) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*d = -1
		return nil
	}
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// defaultFile is read if it is there; a file that is named must be.
const defaultFile = "lockstep.toml"

// readFile reads the configuration file. A key that means nothing is an error:
// it is a misspelt one.
func readFile(path string) (file, error) {
	var f file
	named := path != ""
	if !named {
		path = defaultFile
	}
	meta, err := toml.DecodeFile(path, &f)
	if errors.Is(err, os.ErrNotExist) && !named {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("configuration file %s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return f, fmt.Errorf("configuration file %s: unknown key %q.\n  See the table in README.md for the ones there are",
			path, unknown[0].String())
	}
	return f, nil
}

// catalog is the plans of the file.
func (f file) catalog() lockstep.Catalog {
	c := lockstep.Catalog{PastDueGrace: time.Duration(f.PastDueGrace),
		PartialRefund: lockstep.PartialRefund(f.PartialRefund),
		PlanMetadata:  f.PlanMetadata}
	for _, p := range f.Plans {
		c.Plans = append(c.Plans, lockstep.Plan{Name: p.Name, Prices: p.Prices, LookupKeys: p.LookupKeys,
			Products: p.Products,
			Features: p.Features, Limits: p.Limits, Rank: p.Rank, Duration: time.Duration(p.Duration),
			TrialDays: p.TrialDays, TrialWithoutCard: p.NoCard})
	}
	return c
}

// projection is the metadata keys of the file; an empty name leaves a part out.
func (f file) projection() lockstep.ProjectionKeys {
	keys := lockstep.DefaultProjectionKeys
	for _, set := range []struct {
		to   *string
		from *string
	}{
		{&keys.CustomerID, f.Metadata.CustomerID}, {&keys.SubscriptionID, f.Metadata.SubscriptionID},
		{&keys.Status, f.Metadata.Status}, {&keys.Plan, f.Metadata.Plan}, {&keys.Billing, f.Metadata.Billing},
	} {
		if set.from != nil {
			*set.to = *set.from
		}
	}
	keys.Budget = f.Budget
	return keys
}

// apply gives a server's configuration what the file says.
func (f file) apply(c *server.Config) {
	c.Catalog = f.catalog()
	c.Access = server.Access{Entitlements: f.Entitlements, Projection: f.projection()}
	c.HTTP.ReturnOrigins, c.HTTP.TrustedProxies = f.ReturnOrigins, f.Proxies
	c.Customers = server.Customers{Creation: server.CustomerCreation(f.Customers),
		Details: lockstep.DetailsPolicy(f.Details), AdoptByEmail: f.AdoptByEmail}
	c.Deletion = server.Deletion{Users: server.DeletionPolicy(first(f.UserDeleted, f.Deleted)),
		Organizations:     server.DeletionPolicy(first(f.OrgDeleted, f.Deleted)),
		EmptyOrganization: lockstep.EmptyPolicy(f.OrgEmpty),
		Brake: lockstep.Brake{Limit: f.Deletions.Brake, Window: time.Duration(f.Deletions.Window),
			Share: f.Deletions.Share},
		ForgetAfter: time.Duration(f.Deletions.Forget)}
	c.Seats = lockstep.SeatPolicy{Follow: lockstep.SeatFollow(f.Seats.Follow),
		Proration: lockstep.SeatProration(f.Seats.Proration),
		Minimum:   f.Seats.Minimum, LimitMembers: f.Seats.LimitMembers}
	c.Activation = server.Activation{App: f.Activation.App, ContinueURL: f.Activation.ContinueURL}
	c.Buying = server.Buying{Roles: f.Buying.Roles, PortalConfiguration: f.Buying.PortalConfiguration,
		Policy: server.BuyingPolicy{Several: f.Buying.Several, RepeatTrials: f.Buying.RepeatTrials,
			TrialsPer: lockstep.TrialRule(f.Buying.TrialsPer),
			Unlisted:  f.Buying.Unlisted}}
	c.Identities = server.IdentitySource(f.Identity)
	c.Clerk.InstanceID, c.Clerk.Issuer, c.Clerk.AuthorizedParties = f.Clerk.InstanceID, f.Clerk.Issuer,
		f.Clerk.AuthorizedParties
	c.Stripe.Limits = lockstep.Limits{PerSecond: f.Limits.Stripe, PerEndpoint: f.Limits.StripeEndpoint}
	c.Clerk.Limits = lockstep.Limits{PerSecond: f.Limits.Clerk}
	c.Sync = server.Sync{
		Intervals: server.Intervals{Events: time.Duration(f.Sweeps.Events),
			Directory: time.Duration(f.Sweeps.Directory), DirectoryPoll: time.Duration(f.Sweeps.Polled),
			Accounts: time.Duration(f.Sweeps.Accounts), Retention: time.Duration(f.Sweeps.Retention)},
		Retention: lockstep.Retention{Bodies: time.Duration(f.Retention.Bodies), IDs: time.Duration(f.Retention.IDs)},
		Workers: server.Workers{Slots: f.Workers.Slots, Lease: time.Duration(f.Workers.Lease),
			Timeout: time.Duration(f.Workers.Timeout)},
		Memory: server.Memory{Accounts: f.Memory.Accounts, Poll: time.Duration(f.Memory.Poll),
			Trust: time.Duration(f.Memory.Trust)},
		BackfillRate: f.Backfill.Rate}
}

// first is the first setting that is set.
func first(settings ...string) string {
	for _, s := range settings {
		if s != "" {
			return s
		}
	}
	return ""
}

// openStore opens the database that the URL names, with up to so many connections where
// it is a server's; 0: as many as is good.
func openStore(ctx context.Context, url string, connections int, log *slog.Logger) (lockstep.Store, error) {
	scheme, path, _ := strings.Cut(url, ":")
	switch {
	case scheme == "sqlite" && path != "":
		return sqlitestore.Open(ctx, path, sqlitestore.Log(log))
	case scheme == "postgres" || scheme == "postgresql":
		return pgstore.Open(ctx, url, pgstore.Connections(cmp.Or(connections, pgstore.DefaultConnections)))
	}
	// The rest may hold a password.
	return nil, fmt.Errorf("DATABASE_URL begins with %q; write sqlite:PATH, as in sqlite:lockstep.db, or postgres://USER:PASSWORD@HOST/DATABASE", scheme+":")
}
