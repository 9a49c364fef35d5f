package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// backfillCommand starts a backfill in the service that runs, and follows it. A dry run
// happens in this process, configured as serve is, so that it can come before the first
// start.
type backfillCommand struct {
	remote
	DryRun  bool    `help:"Report what the first start would link, and write nothing: no database is opened, and neither Stripe nor Clerk is changed. Needs the configuration of serve, and no service."`
	Rate    float64 `help:"With --dry-run: the share of the allowed requests to make (0.6, or backfill.rate of the configuration file)."`
	JSON    bool    `help:"Print the report as JSON."`
	NoStart bool    `help:"Follow the backfill that runs, or print the report of the last one."`

	StripeAPIBase string `help:"Stripe's API, or a simulator's." env:"STRIPE_API_BASE" placeholder:"URL"`
	ClerkAPIBase  string `help:"Clerk's Backend API, or a simulator's." env:"CLERK_API_BASE" placeholder:"URL"`
	Config        string `help:"Configuration file (lockstep.toml, if it is there)." env:"LOCKSTEP_CONFIG" type:"path"`
}

// backfillProgress is what the API says of a backfill.
type backfillProgress struct {
	State  string
	Phase  string
	Done   int64
	Total  int64
	Report lockstep.BackfillReport
}

// Run runs.
func (c *backfillCommand) Run(ctx context.Context, in *surroundings) error {
	report, err := c.report(ctx, in)
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(in.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	printReport(in, report, c.DryRun)
	return nil
}

func (c *backfillCommand) report(ctx context.Context, in *surroundings) (lockstep.BackfillReport, error) {
	show := newProgress(os.Stderr)
	defer show.end()
	if c.DryRun {
		return c.dryRun(ctx, in, show)
	}
	if c.Rate != 0 {
		return lockstep.BackfillReport{}, errors.New("rate: the service that runs has its own; set backfill.rate in its configuration file")
	}
	if !c.NoStart {
		if err := c.start(ctx, in); err != nil {
			return lockstep.BackfillReport{}, err
		}
	}
	ticker := time.NewTicker(time.Second / 2)
	defer ticker.Stop()
	for {
		var at backfillProgress
		if err := c.call(ctx, in, http.MethodGet, "/v1/backfill", nil, &at); err != nil {
			return lockstep.BackfillReport{}, err
		}
		switch at.State {
		case "never":
			return lockstep.BackfillReport{}, errors.New("no backfill has run; start one: lockstep backfill")
		case "done":
			return at.Report, nil
		}
		show.at(at)
		select {
		case <-ctx.Done():
			return lockstep.BackfillReport{}, fmt.Errorf("%w; the service goes on, and lockstep backfill --no-start follows it again", ctx.Err())
		case <-ticker.C:
		}
	}
}

// start starts a backfill, or joins the one that runs.
func (c *backfillCommand) start(ctx context.Context, in *surroundings) error {
	var at backfillProgress
	if err := c.call(ctx, in, http.MethodGet, "/v1/backfill", nil, &at); err != nil {
		return err
	}
	if at.State == "running" {
		in.log.Info("a backfill is running already; following it")
		return nil
	}
	return c.call(ctx, in, http.MethodPost, "/v1/backfill", nil, nil)
}

// dryRun works on a temporary database.
func (c *backfillCommand) dryRun(ctx context.Context, in *surroundings,
	show *progress) (report lockstep.BackfillReport, err error) {
	serve := serveCommand{StripeAPIBase: c.StripeAPIBase, ClerkAPIBase: c.ClerkAPIBase, Config: c.Config}
	config, _, err := serve.settings(in)
	if err != nil {
		return report, err
	}
	if config.Identities == server.FromAPI {
		return report, errors.New(`identity: a dry run needs a directory that can be listed, but identity is "api", whose accounts are in the service's database`)
	}
	dir, err := os.MkdirTemp("", "lockstep-dry-run-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if config.Store, err = sqlitestore.Open(ctx, filepath.Join(dir, "lockstep.db")); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, config.Store.Close()) }()
	if c.Rate != 0 {
		config.Sync.BackfillRate = c.Rate
	}
	return server.DryRun(ctx, config, func(at lockstep.Backfill) {
		show.at(backfillProgress{Phase: string(at.Phase), Done: at.PhaseCount, Total: at.Total()})
	})
}

// printReport prints the groups with their examples, and what to do about them.
func printReport(in *surroundings, r lockstep.BackfillReport, dry bool) {
	linked := "linked"
	if dry {
		linked = "would be linked"
	}
	fmt.Fprintf(in.stdout, "%d customers, %d subscriptions, %d completed checkouts; %d users, %d organizations\n",
		r.Customers, r.Subscriptions, r.Checkouts, r.Users, r.Organizations)
	for _, g := range []struct {
		name  string
		group lockstep.BackfillGroup
		hint  string
	}{
		{linked, r.Linked, ""},
		{"several customers for one account", r.Several,
			"All of them count for access; lockstep merge chooses the primary one."},
		{"unlinked", r.Unlinked, "lockstep link CUSTOMER ACCOUNT links one that belongs to an account."},
		{"ambiguous", r.Ambiguous, "Nothing was guessed: lockstep link CUSTOMER ACCOUNT decides."},
	} {
		fmt.Fprintf(in.stdout, "\n%s: %d\n", g.name, g.group.Count)
		for _, e := range g.group.Examples {
			fmt.Fprintf(in.stdout, "  %s", e.Customer)
			if e.Account != "" {
				fmt.Fprintf(in.stdout, "  %s", e.Account)
			}
			if e.Reason != "" {
				fmt.Fprintf(in.stdout, "  (%s)", e.Reason)
			}
			fmt.Fprintln(in.stdout)
		}
		if more := g.group.Count - int64(len(g.group.Examples)); more > 0 {
			fmt.Fprintf(in.stdout, "  and %d more\n", more)
		}
		if g.group.Count > 0 && g.hint != "" {
			fmt.Fprintf(in.stdout, "  %s\n", g.hint)
		}
	}
}
