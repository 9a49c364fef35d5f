package backfill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// Store is the store as a backfill uses it.
type Store interface {
	lockstep.Backfills
	Cursors
	SaveCursor(ctx context.Context, claim lockstep.Claim, sweep, cursor string, marks []lockstep.Mark) error
	AccountsAfter(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Account, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
}

// Reconciler runs the backfill. The package comment describes it.
type Reconciler struct {
	Store        Store
	Billing      lockstep.BackfillLists
	Directory    lockstep.Directory
	Owners       *ownership.Resolver
	Catalog      lockstep.Catalog
	Book         *pricebook.Book
	CustomerKey  string // the metadata key under which we write an account's customer
	AdoptByEmail bool
	Entitled     bool // features come from Stripe's entitlements, which no list contains
	// Generation returns the generation of the accepted Clerk instance; nil: it never changed.
	Generation func(ctx context.Context) (int64, error)
	// StripeRate and ClerkRate are how many requests a second it makes; 0: as many as it can.
	StripeRate, ClerkRate float64
	Then                  []lockstep.Key // the sweeps that wait for the first backfill
	Log                   *slog.Logger

	stripe, clerk pacer
}

// The page sizes, and how long one run takes, well within a lease. A page writes at most about a
// thousand rows.
const (
	resolvePage  = 200
	linkPage     = 50
	paymentPage  = 100
	releasePage  = 200
	unstageLimit = 200
	runFor       = 20 * time.Second
)

// Reconcile does pages until it is time to give the slot back.
func (b *Reconciler) Reconcile(ctx context.Context, claim lockstep.Claim) (runner.Result, error) {
	at, err := State(ctx, b.Store)
	if err != nil {
		return runner.Result{}, fmt.Errorf("read the state of the backfill: %w", err)
	}
	for began := time.Now(); at.Phase != "" && at.Phase != lockstep.BackfillDone; {
		next, err := b.page(ctx, claim, at)
		var upstream *lockstep.UpstreamError
		switch {
		case errors.As(err, &upstream) && upstream.Rejected():
			return runner.Result{}, runner.Retryable(err)
		case err != nil:
			return runner.Result{}, fmt.Errorf("backfill, %s: %w", at.Phase, err)
		}
		switch at = next; {
		case at.Waiting:
			return runner.Result{}, b.again(ctx, claim, at, time.Second)
		case time.Since(began) > runFor && at.Phase != lockstep.BackfillDone:
			return runner.Result{}, b.again(ctx, claim, at, 0)
		}
	}
	return runner.Result{}, nil
}

// again schedules the next run with normal priority. A run that a Result asks for has background
// priority, and would wait behind the runs of all the accounts that the backfill has marked.
func (b *Reconciler) again(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill,
	delay time.Duration) error {
	_, err := b.save(ctx, claim, at, []lockstep.Mark{{Key: claim.Key, Priority: lockstep.Normal, Delay: delay}})
	return err
}

// page does one page of the current phase.
func (b *Reconciler) page(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill) (lockstep.Backfill, error) {
	generation := at.Generation
	if b.Generation != nil {
		var err error
		if generation, err = b.Generation(ctx); err != nil {
			return at, err
		}
	}
	if generation != at.Generation && !linkedAll(at) {
		return b.restart(ctx, claim, at, generation)
	}
	step, known := map[lockstep.BackfillPhase]step{
		lockstep.BackfillCustomers:     b.listCustomers,
		lockstep.BackfillSubscriptions: b.listSubscriptions,
		lockstep.BackfillCheckouts:     b.listCheckouts,
		lockstep.BackfillUsers:         b.listUsers,
		lockstep.BackfillOrganizations: b.listOrganizations,
		lockstep.BackfillResolving:     b.resolveCustomers,
		lockstep.BackfillLinking:       b.linkCustomers,
		lockstep.BackfillPayments:      b.markPayments,
		lockstep.BackfillCleaning:      b.clean,
		lockstep.BackfillReleasing:     b.release,
	}[at.Phase]
	if !known {
		return at, lockstep.Terminal(fmt.Errorf("this version does not know the phase %q", at.Phase))
	}
	return step(ctx, claim, at)
}

// step does a page of a phase, and returns the state after it.
type step func(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill) (lockstep.Backfill, error)

// restart lists everything again under another Clerk instance: what was listed has the ids of the
// former one, under which nobody would find their account. What was linked under them belongs to
// former accounts, which new ones succeed.
func (b *Reconciler) restart(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill,
	generation int64) (lockstep.Backfill, error) {
	more, err := b.Store.Unstage(ctx, claim, unstageLimit)
	if err != nil || more {
		return at, err
	}
	next := New(at.First, at.DryRun)
	next.Generation = generation
	return b.save(ctx, claim, next, nil)
}

func (b *Reconciler) save(ctx context.Context, claim lockstep.Claim, next lockstep.Backfill,
	marks []lockstep.Mark) (lockstep.Backfill, error) {
	return next, b.Store.SaveCursor(ctx, claim, lockstep.BackfillSweep, Encode(next), marks)
}

// clean removes what was listed, which includes personal data.
func (b *Reconciler) clean(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill) (lockstep.Backfill, error) {
	more, err := b.Store.Unstage(ctx, claim, unstageLimit)
	if err != nil || more {
		return at, err
	}
	return b.save(ctx, claim, following(at, ""), nil)
}

// release marks every known account, since the hold has ended, and starts the sweeps that waited.
// It reads the accounts only after the phase was stored, so a run that still saw its account held
// is either marked again or sees the phase itself.
func (b *Reconciler) release(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill) (lockstep.Backfill,
	error) {
	if !at.First {
		b.report(ctx, at)
		return b.save(ctx, claim, following(at, ""), nil)
	}
	var after lockstep.Account
	if at.Page != "" {
		var err error
		if after, err = lockstep.ParseAccount(at.Page); err != nil {
			return at, lockstep.Terminal(err)
		}
	}
	accounts, err := b.Store.AccountsAfter(ctx, after, releasePage)
	if err != nil {
		return at, fmt.Errorf("list accounts: %w", err)
	}
	var marks []lockstep.Mark
	for _, a := range accounts {
		marks = append(marks, lockstep.Mark{Key: a.Key(), Priority: lockstep.Background})
	}
	if len(accounts) == releasePage {
		return b.save(ctx, claim, following(at, accounts[len(accounts)-1].String()), marks)
	}
	for _, key := range b.Then {
		marks = append(marks, lockstep.Mark{Key: key, Priority: lockstep.Background})
	}
	b.report(ctx, at)
	return b.save(ctx, claim, following(at, ""), marks)
}

// report logs the result.
func (b *Reconciler) report(ctx context.Context, at lockstep.Backfill) {
	r := at.Report
	level := slog.LevelInfo
	if r.Ambiguous.Count > 0 {
		level = slog.LevelWarn
	}
	b.Log.Log(ctx, level, "backfill finished", "customers", r.Customers, "linked", r.Linked.Count,
		"unlinked", r.Unlinked.Count, "ambiguous", r.Ambiguous.Count, "several", r.Several.Count)
}
