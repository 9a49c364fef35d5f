package main

import (
	"cmp"
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

// backfillCommand starts a backfill in a running service, and follows it. A dry run happens in this process
// with the configuration of serve, so that it works before the first start.
type backfillCommand struct {
	operating
	DryRun  bool    `help:"Report what the first start would link, and change nothing. Needs the configuration of serve, but no running service and no database."`
	Rate    float64 `help:"With --dry-run: the share of the rate limits to use (default: backfill.rate of the configuration file, at most 0.5)." placeholder:"SHARE" example:"0.6"`
	JSON    bool    `help:"Print the report as JSON."`
	NoStart bool    `help:"Do not start a backfill: follow the running one, or print the report of the last one."`

	StripeAPIBase string `help:"Stripe's API, or a simulator's." env:"STRIPE_API_BASE" placeholder:"URL" example:"http://127.0.0.1:12111"`
	ClerkAPIBase  string `help:"Clerk's Backend API, or a simulator's." env:"CLERK_API_BASE" placeholder:"URL" example:"http://127.0.0.1:12112"`
	Config        string `help:"Configuration file (default: lockstep.toml, if it exists)." env:"LOCKSTEP_CONFIG" type:"path" placeholder:"FILE" example:"lockstep.toml"`
}

// backfillProgress is the API's answer about a backfill.
type backfillProgress struct {
	State  string
	Phase  string
	Done   int64
	Total  int64
	Report lockstep.BackfillReport
}

// Run prints the report.
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
		return lockstep.BackfillReport{}, wrongUsage("--rate: it works only with --dry-run; for the running service, set backfill.rate in its configuration file")
	}
	if !c.NoStart {
		if err := c.start(ctx, in); err != nil {
			return lockstep.BackfillReport{}, err
		}
	}
	return c.follow(ctx, in, show)
}

// follow waits for the end of the backfill, and returns its report.
func (c *backfillCommand) follow(ctx context.Context, in *surroundings,
	show *progress) (lockstep.BackfillReport, error) {
	ticker := time.NewTicker(time.Second / 2)
	defer ticker.Stop()
	for {
		var at backfillProgress
		if err := c.get(ctx, in, "/v1/backfill", &at); err != nil {
			return lockstep.BackfillReport{}, err
		}
		switch at.State {
		case "never":
			return lockstep.BackfillReport{}, errors.New("no backfill has run yet; start one with: lockstep backfill")
		case "done":
			return at.Report, nil
		}
		show.at(at)
		select {
		case <-ctx.Done():
			return lockstep.BackfillReport{}, fmt.Errorf("%w; the service continues, follow it again with: lockstep backfill --no-start", ctx.Err())
		case <-ticker.C:
		}
	}
}

// start starts a backfill unless one is running.
func (c *backfillCommand) start(ctx context.Context, in *surroundings) error {
	var at backfillProgress
	if err := c.get(ctx, in, "/v1/backfill", &at); err != nil {
		return err
	}
	if at.State == "running" {
		in.log.Info("a backfill is already running; following it")
		return nil
	}
	return c.call(ctx, in, http.MethodPost, "/v1/backfill", nil, nil)
}

// dryRun backfills a temporary database.
func (c *backfillCommand) dryRun(ctx context.Context, in *surroundings,
	show *progress) (report lockstep.BackfillReport, err error) {
	serve := serveCommand{StripeAPIBase: c.StripeAPIBase, ClerkAPIBase: c.ClerkAPIBase, Config: c.Config}
	s, err := serve.settings(in)
	if err != nil {
		return report, err
	}
	if err := s.valid(); err != nil {
		return report, err
	}
	config := s.Config
	if config.Identities == server.FromAPI {
		return report, errors.New(`--dry-run: it needs a directory to list, but with identity = "api" the accounts are in the service's database; run lockstep backfill without it`)
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
	config.Sync.BackfillRate = cmp.Or(c.Rate, min(config.Sync.BackfillRate, dryRunRate))
	return server.DryRun(ctx, config, func(at lockstep.Backfill) {
		show.at(backfillProgress{Phase: string(at.Phase), Done: at.PhaseCount, Total: at.Total()})
	})
}

// dryRunRate is the most that a dry run takes by default: it shares no rate gate with a running service.
const dryRunRate = 0.5

// printReport prints the counts, and each group of customers.
func printReport(in *surroundings, r lockstep.BackfillReport, dry bool) {
	linked := "linked"
	if dry {
		linked = "would be linked"
	}
	fmt.Fprintf(in.stdout, "%d customers, %d subscriptions, %d completed checkouts; %d users, %d organizations\n",
		r.Customers, r.Subscriptions, r.Checkouts, r.Users, r.Organizations)
	printGroup(in, linked, r.Linked, "")
	printGroup(in, "several customers for one account", r.Several,
		"All of them count for access; to choose the primary one: lockstep merge ACCOUNT CUSTOMER")
	printGroup(in, "unlinked", r.Unlinked, "To link one: lockstep link CUSTOMER ACCOUNT")
	printGroup(in, "ambiguous", r.Ambiguous, "Lockstep does not guess; to decide: lockstep link CUSTOMER ACCOUNT")
}

// printGroup prints a group of customers with examples, and what to do about them.
func printGroup(in *surroundings, name string, group lockstep.BackfillGroup, hint string) {
	fmt.Fprintf(in.stdout, "\n%s: %d\n", name, group.Count)
	for _, e := range group.Examples {
		fmt.Fprintf(in.stdout, "  %s", e.Customer)
		if e.Account != "" {
			fmt.Fprintf(in.stdout, "  %s", e.Account)
		}
		if e.Reason != "" {
			fmt.Fprintf(in.stdout, "  (%s)", e.Reason)
		}
		fmt.Fprintln(in.stdout)
	}
	if more := group.Count - int64(len(group.Examples)); more > 0 {
		fmt.Fprintf(in.stdout, "  and %d more\n", more)
	}
	if group.Count > 0 && hint != "" {
		fmt.Fprintf(in.stdout, "  %s\n", hint)
	}
}
