package sweep

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// The keys of the sweeps. EventsKey is the gap scan's, and RetentionKey that of the removal of old
// data.
var (
	EventsKey          = lockstep.Key{Kind: lockstep.KeySweep, ID: "events"}
	sweepUsers         = lockstep.Key{Kind: lockstep.KeySweep, ID: "users"}
	sweepOrganizations = lockstep.Key{Kind: lockstep.KeySweep, ID: "organizations"}
	sweepAccounts      = lockstep.Key{Kind: lockstep.KeySweep, ID: "accounts"}
	RetentionKey       = lockstep.Key{Kind: lockstep.KeySweep, ID: "retention"}
	sweepPrices        = lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.PricesSweep}
	sweepBackfill      = lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}
)

// FullVerify is the sweep that marks every account.
var FullVerify = sweepAccounts

// Keys returns the keys of the sweeps that run periodically.
func Keys() []lockstep.Key {
	return []lockstep.Key{EventsKey, sweepUsers, sweepOrganizations, sweepAccounts, RetentionKey}
}

// Held returns the keys of the sweeps that wait for the first start's backfill.
func Held() []lockstep.Key {
	return []lockstep.Key{sweepUsers, sweepOrganizations, sweepAccounts}
}

// Directory returns the keys to mark after an operator accepted another instance: these sweeps
// list its users and organizations.
func Directory() []lockstep.Key { return []lockstep.Key{sweepUsers, sweepOrganizations} }

// StartKeys returns the keys to mark when a service starts. The first start's backfill lists the
// directory itself, so the sweeps that compare the directory wait for its end.
func StartKeys(backfill lockstep.Backfill) []lockstep.Key {
	if backfill.Holds() {
		return []lockstep.Key{sweepBackfill, EventsKey, RetentionKey}
	}
	keys := Keys()
	if backfill.Phase != "" && backfill.Phase != lockstep.BackfillDone {
		keys = append(keys, sweepBackfill)
	}
	return keys
}

// Intervals say how often each sweep starts. A zero field means its default.
type Intervals struct {
	Events    time.Duration // the gap scan of Stripe's events; default 5 min
	Directory time.Duration // the list of users and organizations; default 1 h
	// DirectoryPoll replaces Directory if no webhooks tell of changes; default 1 min.
	DirectoryPoll time.Duration
	Accounts      time.Duration // the full verify against Stripe; default 24 h
	Retention     time.Duration // the removal of old data; default 1 h
}

// Absence returns how long the directory must not know an account before that alone deletes it:
// half the time between two lists. Two lists are further apart, and the retries of one run are not.
// If the directory is polled, the polls are the lists.
func (i Intervals) Absence(polled Polled) time.Duration {
	i = i.withDefaults()
	if polled.Directory {
		return min(i.Directory, i.DirectoryPoll) / 2
	}
	return i.Directory / 2
}

func (i Intervals) withDefaults() Intervals {
	i.Events = cmp.Or(i.Events, 5*time.Minute)
	i.Directory = cmp.Or(i.Directory, time.Hour)
	i.DirectoryPoll = cmp.Or(i.DirectoryPoll, time.Minute)
	i.Accounts = cmp.Or(i.Accounts, 24*time.Hour)
	i.Retention = cmp.Or(i.Retention, time.Hour)
	return i
}

// Store is the store as [Sweeps] uses it.
type Store interface {
	lockstep.SweepStore
	lockstep.Archive
	ExpireRuns(ctx context.Context, claim lockstep.Claim, age time.Duration, after string) (next string, removed int64,
		err error)
	AccountsAfter(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Account, error)
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
}

// Lists are the lists of Stripe's that sweeps read.
type Lists interface {
	EventsSince(ctx context.Context, since time.Time, cursor string) (hints []lockstep.Hint, next string, err error)
	CheckoutsSince(ctx context.Context, since time.Time, cursor string) (page []lockstep.Checkout, next string, err error)
}

// Sweeps compares everything from time to time, so that we also find what no event told us.
type Sweeps struct {
	Store     Store
	Billing   Lists
	Directory lockstep.Directory
	Intervals Intervals
	Retention lockstep.Retention
	Polled    Polled
	// Take stores events that the gap scan found missing.
	Take     func(ctx context.Context, origin lockstep.Origin, hints ...lockstep.Hint) (int, error)
	Backfill runner.Reconciler // nil: a newer version runs it
	Log      *slog.Logger
}

// Reconcile does the next page of the claim's sweep.
func (s *Sweeps) Reconcile(ctx context.Context, claim lockstep.Claim) (runner.Result, error) {
	intervals := s.Intervals.withDefaults()
	switch claim.Key {
	case EventsKey:
		return sweep(ctx, s, claim, intervals.Events, s.scanEvents)
	case sweepPoll:
		return s.poll(ctx, claim)
	case sweepUsers:
		return s.directory(ctx, claim, intervals, s.listUsers)
	case sweepOrganizations:
		return s.directory(ctx, claim, intervals, s.listOrganizations)
	case sweepAccounts:
		return sweep(ctx, s, claim, intervals.Accounts, s.verifyAccounts)
	case RetentionKey:
		return sweep(ctx, s, claim, intervals.Retention, s.expire)
	case sweepPrices:
		return s.forgetPrices(ctx, claim)
	case sweepBackfill:
		if s.Backfill != nil {
			return s.Backfill.Reconcile(ctx, claim)
		}
	}
	return runner.Result{}, runner.UnknownKey(claim.Key)
}

// swept is what one page of a sweep returns: where the sweep stands then (a P), the marks of the
// page, and whether another page follows.
type swept[P any] struct {
	next  P
	marks []lockstep.Mark
	more  bool
}

// pageFunc does one page of a sweep.
type pageFunc[P any] func(ctx context.Context, claim lockstep.Claim, at P) (swept[P], error)

// sweep reads where a sweep stands, does a page, and saves where it stands then, with the page's
// marks.
func sweep[P any](ctx context.Context, s *Sweeps, claim lockstep.Claim, every time.Duration,
	page pageFunc[P]) (runner.Result, error) {
	at, err := readCursor[P](ctx, s.Store, claim.Key.ID)
	if err != nil {
		return runner.Result{}, err
	}
	done, err := page(ctx, claim, at)
	var upstream *lockstep.UpstreamError
	switch {
	case errors.As(err, &upstream) && upstream.Rejected():
		return runner.Result{}, runner.Retryable(err) // a refusal must not stop the sweep forever
	case err != nil:
		return runner.Result{}, err
	}
	text, err := json.Marshal(done.next)
	if err != nil {
		return runner.Result{}, lockstep.Terminal(fmt.Errorf("encode cursor of sweep %s: %w", claim.Key.ID, err))
	}
	if err := s.Store.SaveCursor(ctx, claim, claim.Key.ID, string(text), done.marks); err != nil {
		return runner.Result{}, fmt.Errorf("save cursor of sweep: %w", err)
	}
	if done.more {
		return runner.Result{After: time.Millisecond}, nil
	}
	return runner.Result{After: every}, nil
}

// readCursor reads where a sweep stands; the zero value before its first run.
func readCursor[P any](ctx context.Context, store lockstep.SweepStore, name string) (at P, err error) {
	stored, err := store.Cursor(ctx, name)
	if err != nil {
		return at, fmt.Errorf("read cursor of sweep: %w", err)
	}
	if stored == "" {
		return at, nil
	}
	if err := json.Unmarshal([]byte(stored), &at); err != nil {
		return at, lockstep.Terminal(fmt.Errorf("cursor of sweep %s is not one of this version: %w", name, err))
	}
	return at, nil
}
