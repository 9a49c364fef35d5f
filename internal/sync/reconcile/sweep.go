package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// The sweeps: well-known keys in the same queue as everything else, claimed by
// lease like everything else. There is no leader. Each run does one page, keeps
// where it stands, and asks to be run again.
var (
	sweepEvents        = lockstep.Key{Kind: lockstep.KeySweep, ID: "events"}
	sweepUsers         = lockstep.Key{Kind: lockstep.KeySweep, ID: "users"}
	sweepOrganizations = lockstep.Key{Kind: lockstep.KeySweep, ID: "organizations"}
	sweepAccounts      = lockstep.Key{Kind: lockstep.KeySweep, ID: "accounts"}
	sweepRetention     = lockstep.Key{Kind: lockstep.KeySweep, ID: "retention"}
	sweepBackfill      = lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}
)

// FullVerify is the sweep that marks every account.
var FullVerify = sweepAccounts

// SweepKeys are the keys of the sweeps that begin again and again.
func SweepKeys() []lockstep.Key {
	return []lockstep.Key{sweepEvents, sweepUsers, sweepOrganizations, sweepAccounts, sweepRetention}
}

// StartKeys are the keys to mark when a service starts. While the first start's backfill
// runs, the directory is not compared: the backfill lists it, and starts those sweeps when
// it ends.
func StartKeys(backfill lockstep.Backfill) []lockstep.Key {
	if backfill.Holds() {
		return []lockstep.Key{sweepBackfill, sweepEvents, sweepRetention}
	}
	keys := SweepKeys()
	if backfill.Phase != "" && backfill.Phase != lockstep.BackfillDone {
		keys = append(keys, sweepBackfill)
	}
	return keys
}

// Intervals say how often each sweep begins. The zero value of a field means its
// default.
type Intervals struct {
	Events    time.Duration // of the gap scan of Stripe's events; default 5 min
	Directory time.Duration // of the list of users and organizations; default 1 h
	// DirectoryPoll replaces Directory where no webhooks tell of changes; default 1 min.
	DirectoryPoll time.Duration
	Accounts      time.Duration // of the full verify against Stripe; default 24 h
	Retention     time.Duration // of dropping what is old; default 1 h
}

// Absence is how long the directory must not know an account before its absence alone
// deletes it: half the time between two lists. Two lists are further apart, and the tries of
// one run are not. Where the directory is polled, the lists are the polls.
func (i Intervals) Absence(polled Polled) time.Duration {
	i = i.withDefaults()
	if polled.Directory {
		return min(i.Directory, i.DirectoryPoll) / 2
	}
	return i.Directory / 2
}

func (i Intervals) withDefaults() Intervals {
	if i.Events == 0 {
		i.Events = 5 * time.Minute
	}
	if i.Directory == 0 {
		i.Directory = time.Hour
	}
	if i.DirectoryPoll == 0 {
		i.DirectoryPoll = time.Minute
	}
	if i.Accounts == 0 {
		i.Accounts = 24 * time.Hour
	}
	if i.Retention == 0 {
		i.Retention = time.Hour
	}
	return i
}

// SweepStore is what sweeps need of the store.
type SweepStore interface {
	lockstep.SweepStore
	lockstep.Archive
	AccountsAfter(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Account, error)
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
}

// Sweeps looks at everything from time to time, so that what no event told is
// found all the same.
type Sweeps struct {
	Store     SweepStore
	Billing   lockstep.Billing
	Directory lockstep.Directory
	Intervals Intervals
	Retention lockstep.Retention
	Polled    Polled
	// Take stores events that the gap scan found missing.
	Take     func(ctx context.Context, origin lockstep.Origin, hints ...lockstep.Hint) (int, error)
	Backfill *Backfill // nil: a newer version runs it
	Log      *slog.Logger
}

// Reconcile does the next page of the sweep of the claim.
func (s *Sweeps) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	intervals := s.Intervals.withDefaults()
	switch claim.Key {
	case sweepEvents:
		return sweep(ctx, s, claim, intervals.Events, s.scanEvents)
	case sweepPoll:
		return s.poll(ctx, claim)
	case sweepUsers:
		return s.directory(ctx, claim, intervals, s.listUsers)
	case sweepOrganizations:
		return s.directory(ctx, claim, intervals, s.listOrganizations)
	case sweepAccounts:
		return sweep(ctx, s, claim, intervals.Accounts, s.verifyAccounts)
	case sweepRetention:
		return sweep(ctx, s, claim, intervals.Retention, s.expire)
	case sweepBackfill:
		if s.Backfill != nil {
			return s.Backfill.Reconcile(ctx, claim)
		}
	}
	return Result{}, runner.UnknownKey(claim.Key)
}

// sweep reads where a sweep stands (a P), does a page, and keeps where it stands
// then, with the marks that the page made.
func sweep[P any](ctx context.Context, s *Sweeps, claim lockstep.Claim, every time.Duration,
	page func(ctx context.Context, claim lockstep.Claim, at P) (next P, marks []lockstep.Mark, more bool, err error),
) (Result, error) {
	stored, err := s.Store.Cursor(ctx, claim.Key.ID)
	if err != nil {
		return Result{}, fmt.Errorf("read cursor of sweep: %w", err)
	}
	var at P
	if stored != "" {
		if err := json.Unmarshal([]byte(stored), &at); err != nil {
			return Result{}, lockstep.Terminal(fmt.Errorf("cursor of sweep %s is not one of this version: %w", claim.Key.ID,
				err))
		}
	}
	next, marks, more, err := page(ctx, claim, at)
	var upstream *lockstep.UpstreamError
	switch {
	case errors.As(err, &upstream) && upstream.Rejected():
		return Result{}, runner.Retryable(err) // a sweep that a provider refuses must not stop for good
	case err != nil:
		return Result{}, err
	}
	text, err := json.Marshal(next)
	if err != nil {
		return Result{}, lockstep.Terminal(fmt.Errorf("encode cursor of sweep %s: %w", claim.Key.ID, err))
	}
	if err := s.Store.SaveCursor(ctx, claim, claim.Key.ID, string(text), marks); err != nil {
		return Result{}, fmt.Errorf("save cursor of sweep: %w", err)
	}
	if more {
		return Result{After: time.Millisecond}, nil
	}
	return Result{After: every}, nil
}
