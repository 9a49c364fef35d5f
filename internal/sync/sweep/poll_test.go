package sweep

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// feed is Stripe's event list with pages of three. Events may show up late.
type feed struct {
	lockstep.Billing
	mu     sync.Mutex
	events []fedEvent
	calls  int
	down   bool
}

type fedEvent struct {
	id             string
	created, shown time.Time
}

// happens adds an event that the list shows after late.
func (f *feed) happens(id string, late time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, fedEvent{id, time.Now(), time.Now().Add(late)})
}

func (f *feed) set(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *feed) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *feed) EventsSince(_ context.Context, since time.Time, cursor string) ([]lockstep.Hint, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.down {
		return nil, "", &lockstep.UpstreamError{Provider: "stripe", Op: "list events", Status: http.StatusServiceUnavailable}
	}
	var visible []lockstep.Hint
	for _, e := range slices.Backward(f.events) {
		if !e.shown.After(time.Now()) && !e.created.Before(since.Truncate(time.Second)) {
			visible = append(visible, lockstep.Hint{Event: lockstep.Event{Source: lockstep.Stripe, ID: e.id, Type: "x"}})
		}
	}
	if cursor != "" {
		at := slices.IndexFunc(visible, func(h lockstep.Hint) bool { return h.Event.ID == cursor })
		if at < 0 {
			return nil, "", &lockstep.UpstreamError{Provider: "stripe", Op: "list events", Status: http.StatusNotFound}
		}
		visible = visible[at+1:]
	}
	if len(visible) <= 3 {
		return visible, "", nil
	}
	return visible[:3], visible[2].Event.ID, nil
}

// polling runs the event sweeps over a feed, with polls every 5 seconds. stored reports
// which events are in the database.
func polling(t *testing.T, every time.Duration, test func(f *feed, stored func() []string)) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		f := &feed{}
		sweeps := &Sweeps{Store: store, Billing: f, Polled: Polled{Events: every}, Log: slog.New(slog.DiscardHandler),
			Take: func(ctx context.Context, origin lockstep.Origin, hints ...lockstep.Hint) (taken int, err error) {
				deliveries := make([]lockstep.Delivery, len(hints))
				for i, h := range hints {
					deliveries[i] = lockstep.Delivery{Event: h.Event}
					deliveries[i].Event.Origin, deliveries[i].Event.ReceivedAt = origin, time.Now()
				}
				receipts, err := store.Receive(ctx, deliveries)
				for _, r := range receipts {
					if r.Stored {
						taken++
					}
				}
				return taken, err
			}}
		// This key is always due, so less urgent work waits behind it.
		busy := reconcileFunc(func(context.Context, lockstep.Claim) (runner.Result, error) { return runner.Result{}, nil })
		runner := runner.New(store, map[lockstep.KeyKind]runner.Reconciler{lockstep.KeySweep: sweeps, lockstep.KeyUser: busy},
			runner.Config{Poll: time.Hour}, slog.New(slog.DiscardHandler))
		marks := append((Polled{Events: 5 * time.Second}).Marks(),
			lockstep.Mark{Key: EventsKey, Priority: lockstep.Background})
		mark(t, store, runner, marks...)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- runner.Run(ctx) }()
		pass(time.Second) // the first start
		test(f, func() (ids []string) {
			page, err := store.Events(t.Context(), lockstep.EventFilter{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				ids = append(ids, e.ID)
			}
			return ids
		})
		work := workOf(t, store, sweepPoll)
		if every > 0 && work.Priority != lockstep.Interactive {
			t.Errorf("the next poll has priority %d: it would wait behind all other work", work.Priority)
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

func TestAPollFindsAnEventWithinItsInterval(t *testing.T) {
	polling(t, 5*time.Second, func(f *feed, stored func() []string) {
		for n := range 20 {
			id := fmt.Sprintf("evt_%d", n)
			f.happens(id, 0)
			pass(5100 * time.Millisecond)
			if !slices.Contains(stored(), id) {
				t.Fatalf("%s is not stored after 5.1 s; stored are %v", id, stored())
			}
		}
		pass(2 * time.Minute) // the overlap is over
		before := f.asked()
		pass(time.Minute)
		if calls := f.asked() - before; calls > 14 {
			t.Errorf("a quiet minute took %d calls; one for each poll plus the gap scan's is enough", calls)
		}
	})
}

// Between two polls there are more events than a page holds.
func TestAPollReadsEveryPageOfABurst(t *testing.T) {
	polling(t, 5*time.Second, func(f *feed, stored func() []string) {
		for n := range 31 {
			f.happens(fmt.Sprintf("evt_%d", n), 0)
		}
		pass(6 * time.Second)
		if got := len(stored()); got != 31 {
			t.Errorf("%d of 31 are stored", got)
		}
	})
}

// The list shows an event after newer ones were read.
func TestEventsThatTheListShowsLateAreNotMissed(t *testing.T) {
	for late, within := range map[time.Duration]time.Duration{
		20 * time.Second:              5100 * time.Millisecond, // the next poll
		50 * time.Second:              5100 * time.Millisecond,
		3 * time.Minute:               5*time.Minute + time.Second, // the gap scan
		9 * time.Minute:               5*time.Minute + time.Second,
		pollOverlap + 10*time.Second:  5*time.Minute + time.Second,
		eventOverlap - 30*time.Second: 5*time.Minute + time.Second,
	} {
		t.Run(late.String(), func(t *testing.T) {
			polling(t, 5*time.Second, func(f *feed, stored func() []string) {
				f.happens("evt_late", late)
				step := max(late/20, time.Second)
				for n := range int(late/step) + 1 { // newer ones, which the list shows at once
					f.happens(fmt.Sprintf("evt_%d", n), 0)
					pass(step)
				}
				pass(within)
				if !slices.Contains(stored(), "evt_late") {
					t.Errorf("it is not stored")
				}
			})
		})
	}
}

// After an outage, buyers do not wait for the queue's longest backoff.
func TestPollingResumesSoonAfterAnOutage(t *testing.T) {
	polling(t, 5*time.Second, func(f *feed, stored func() []string) {
		f.set(true)
		pass(time.Hour)
		before := f.asked()
		f.happens("evt_during", 0)
		pass(10 * time.Minute)
		if calls := f.asked() - before; calls > 60 {
			t.Errorf("an outage of 10 minutes took %d calls", calls)
		}
		f.set(false)
		pass(pollBackoffMax + time.Second)
		if !slices.Contains(stored(), "evt_during") {
			t.Errorf("not stored %s after the outage", pollBackoffMax)
		}
	})
}

func TestPollingStopsWhenItIsTurnedOff(t *testing.T) {
	polling(t, 0, func(f *feed, _ func() []string) {
		before := f.asked()
		pass(time.Hour)
		if calls := f.asked() - before; calls > 13 { // the gap scan's
			t.Errorf("an hour took %d calls", calls)
		}
	})
}

// The pause after a slow list is longer, but never longer than the usual interval.
func TestAPolledDirectoryRestsAfterALongList(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0:                time.Minute,
		10 * time.Second: time.Minute,
		30 * time.Second: 2 * time.Minute,
		time.Hour:        time.Hour,
	} {
		t.Run(took.String(), func(t *testing.T) {
			t.Parallel()
			path := sqlitetest.Path(t)
			synctest.Test(t, func(t *testing.T) {
				store, err := sqlitestore.Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := store.Close(); err != nil {
						t.Error(err)
					}
				}()
				sweeps := &Sweeps{Store: store, Directory: slowDirectory{took: took}, Polled: Polled{Directory: true},
					Log: slog.New(slog.DiscardHandler)}
				runner := runner.New(store, map[lockstep.KeyKind]runner.Reconciler{lockstep.KeySweep: sweeps},
					runner.Config{Poll: time.Hour, Lease: 3 * time.Hour}, slog.New(slog.DiscardHandler))
				mark(t, store, runner, lockstep.Mark{Key: sweepUsers, Priority: lockstep.Background})
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- runner.Run(ctx) }()
				pass(took + time.Second)
				if pause := time.Until(workOf(t, store, sweepUsers).RunAt) + time.Second; pause < want-time.Second ||
					pause > want+5*time.Second {
					t.Errorf("the pause after %s is %s, want about %s", took, pause, want)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// slowDirectory lists one user, slowly.
type slowDirectory struct {
	lockstep.Directory
	took time.Duration
}

func (d slowDirectory) Identities(context.Context, lockstep.Kind, string) ([]lockstep.Identity, string, error) {
	time.Sleep(d.took)
	return []lockstep.Identity{{Account: lockstep.Account{Kind: lockstep.User, ID: "user_1"}}}, "", nil
}
