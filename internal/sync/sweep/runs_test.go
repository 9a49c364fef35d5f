package sweep

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// Two users run each day, one of them with a change. Records go 90 days after their first run, at most six hours
// late, also where the ids of events are kept forever. Runs without news take a record in 30 days.
func TestOldRecordsOfRunsAreRemoved(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		const day = 24 * time.Hour
		sweeps := &Sweeps{Store: store, Retention: lockstep.Retention{IDs: -1},
			Intervals: Intervals{Retention: 6 * time.Hour}, Log: slog.New(slog.DiscardHandler)}
		users := reconcileFunc(func(_ context.Context, claim lockstep.Claim) (runner.Result, error) {
			var result runner.Result
			if claim.Key == userKey(1) {
				result.Facts.Write("database", "account", 1)
			}
			return result, nil
		})
		runner := runner.New(store, map[lockstep.KeyKind]runner.Reconciler{lockstep.KeySweep: sweeps,
			lockstep.KeyUser: users}, runner.Config{Poll: 20 * day}, slog.New(slog.DiscardHandler))
		mark(t, store, runner, lockstep.Mark{Key: RetentionKey, Priority: lockstep.Background})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- runner.Run(ctx) }()
		for n := range 150 {
			mark(t, store, runner, lockstep.Mark{Key: userKey(1)}, lockstep.Mark{Key: userKey(2)})
			pass(day)
			if n%10 > 0 {
				continue
			}
			changes, quiet := recordsOf(t, store, userKey(1)), recordsOf(t, store, userKey(2))
			if want := min(n+1, 90); len(changes) != want {
				t.Errorf("after %d days: %d records, want %d", n+1, len(changes), want)
			}
			if len(quiet) > 4 || len(quiet) == 0 || time.Since(quiet[0].Last) > 2*day {
				t.Errorf("after %d days without news: %d records", n+1, len(quiet))
			}
		}
		if of := recordsOf(t, store, RetentionKey); len(of) > 0 {
			t.Errorf("a sweep that did its work left %+v", of)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func recordsOf(t *testing.T, store lockstep.Store, key lockstep.Key) []lockstep.Run {
	t.Helper()
	page, err := store.Runs(t.Context(), lockstep.RunFilter{Key: key, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return page.Runs
}
