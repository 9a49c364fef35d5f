package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// One event arrives on each of 75 days. On every fourth day, events within the retention are complete,
// and older ones are removed at most six hours late. Open events stay until they are settled.
func TestOldEventsAreRemovedAndYoungOnesStay(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		const day = 24 * time.Hour
		sweeps := &Sweeps{Store: store, Retention: lockstep.Retention{Bodies: 20 * day, IDs: 60 * day},
			Intervals: Intervals{Retention: 6 * time.Hour}, Log: slog.New(slog.DiscardHandler)}
		settles := false
		users := reconcileFunc(func(context.Context, lockstep.Claim) (runner.Result, error) {
			if !settles {
				return runner.Result{}, lockstep.Terminal(errors.New("no"))
			}
			return runner.Result{}, nil
		})
		reconcilers := map[lockstep.KeyKind]runner.Reconciler{lockstep.KeySweep: sweeps, lockstep.KeyUser: users}
		runner := runner.New(store, reconcilers,
			runner.Config{Poll: 20 * day}, slog.New(slog.DiscardHandler))
		mark(t, store, runner, lockstep.Mark{Key: RetentionKey, Priority: lockstep.Background})
		open := make([]string, 600) // more than a page
		for i := range open {
			open[i] = fmt.Sprintf("evt_open_%d", i)
		}
		receive(t, store, &lockstep.Mark{Key: userKey(1)}, open...)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- runner.Run(ctx) }()
		for n := range 75 {
			receive(t, store, nil, fmt.Sprintf("evt_%d", n))
			pass(day)
			if n%4 > 0 {
				continue // checking takes most of the time
			}
			bodies, ids := kept(t, store)
			for i := range n + 1 {
				id, age := fmt.Sprintf("evt_%d", i), time.Duration(n+1-i)*day
				if bodies[id] != (age < 20*day) && age != 20*day || ids[id] != (age < 60*day) && age != 60*day {
					t.Errorf("%s old: body %v, id %v", age, bodies[id], ids[id])
				}
			}
			if !bodies["evt_open_0"] || !bodies["evt_open_599"] {
				t.Errorf("after %d days the body of an open event is gone", n)
			}
		}
		settles = true
		mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
		pass(7 * time.Hour)
		if _, ids := kept(t, store); ids["evt_open_0"] || ids["evt_open_599"] {
			t.Error("an old event that was settled is still there")
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

func receive(t *testing.T, store lockstep.Store, mark *lockstep.Mark, ids ...string) {
	t.Helper()
	deliveries := make([]lockstep.Delivery, len(ids))
	for i, id := range ids {
		deliveries[i] = lockstep.Delivery{Mark: mark,
			Event: lockstep.Event{Source: lockstep.Stripe, ID: id, Origin: lockstep.Delivered, Body: []byte(`{}`)}}
	}
	if _, err := store.Receive(t.Context(), deliveries); err != nil {
		t.Fatal(err)
	}
}

// kept returns which events still have their body, and which their id.
func kept(t *testing.T, store lockstep.Store) (bodies, ids map[string]bool) {
	t.Helper()
	page, err := store.Events(t.Context(), lockstep.EventFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	bodies, ids = map[string]bool{}, map[string]bool{}
	for _, e := range page.Events {
		ids[e.ID], bodies[e.ID] = true, len(e.Body) > 0
	}
	return bodies, ids
}

func TestIDsThatAreKeptForeverAreNotRemoved(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		receive(t, store, nil, "evt_1")
		time.Sleep(10 * 365 * 24 * time.Hour)
		sweeps := &Sweeps{Store: store, Retention: lockstep.Retention{IDs: -1}}
		if err := store.Mark(t.Context(), lockstep.Mark{Key: RetentionKey}); err != nil {
			t.Fatal(err)
		}
		claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
			MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
		for result := (runner.Result{After: time.Millisecond}); result.After < time.Minute; {
			if result, err = sweeps.Reconcile(t.Context(), claims[0]); err != nil {
				t.Fatal(err)
			}
		}
		if bodies, ids := kept(t, store); bodies["evt_1"] || !ids["evt_1"] {
			t.Errorf("kept: %v, %v", bodies, ids)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
