package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// reconcileFunc lets a function be a reconciler.
type reconcileFunc func(ctx context.Context, claim lockstep.Claim) (Result, error)

func (f reconcileFunc) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	return f(ctx, claim)
}

// inBubble runs a runner of users' keys over a real store, in virtual time, until test
// returns.
func inBubble(t *testing.T, config Config, reconcile reconcileFunc, test func(t *testing.T, store lockstep.Store,
	runner *Runner)) {
	over(t, func(store lockstep.Store) lockstep.Queue { return store }, config, reconcile, test)
}

// over is inBubble with a queue that wraps the store.
func over(t *testing.T, queue func(lockstep.Store) lockstep.Queue, config Config, reconcile reconcileFunc,
	test func(t *testing.T, store lockstep.Store, runner *Runner)) {
	t.Parallel()
	if config.Poll == 0 {
		config.Poll = time.Hour // no other process marks here, and virtual hours must be cheap
	}
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		runner := New(queue(store), map[lockstep.KeyKind]Reconciler{lockstep.KeyUser: reconcile}, config,
			slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- runner.Run(ctx) }()
		test(t, store, runner)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// pass lets virtual time pass and waits until all goroutines block.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func userKey(n int) lockstep.Key {
	return lockstep.Key{Kind: lockstep.KeyUser, ID: fmt.Sprintf("user_%d", n)}
}

func mark(t *testing.T, store lockstep.Store, runner *Runner, marks ...lockstep.Mark) {
	t.Helper()
	if err := store.Mark(t.Context(), marks...); err != nil {
		t.Fatal(err)
	}
	runner.Wake()
}

func workOf(t *testing.T, store lockstep.Store, key lockstep.Key) lockstep.Work {
	t.Helper()
	work, err := store.Work(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return work
}

func TestAPanicIsRetriedAndThenRecorded(t *testing.T) {
	runs := 0
	inBubble(t, Config{}, func(context.Context, lockstep.Claim) (Result, error) {
		runs++
		panic("poison")
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
		pass(2 * time.Hour)
		if work := workOf(t, store, userKey(1)); work.Disposition != lockstep.Failed || work.Pending() ||
			runs != maxAttempts {
			t.Errorf("after %d runs: %+v", runs, work)
		}
		mark(t, store, runner, lockstep.Mark{Key: userKey(1)}) // the next event runs it again
		pass(time.Second)
		if runs <= maxAttempts {
			t.Error("a mark does not run a failed key again")
		}
	})
}

func TestARunThatTakesTooLongIsCutOffBeforeItsLeaseEnds(t *testing.T) {
	var cause error
	config := Config{Timeout: 10 * time.Second, Lease: 15 * time.Second}
	inBubble(t, config, func(ctx context.Context, claim lockstep.Claim) (Result, error) {
		if claim.Attempt > 1 {
			return Result{}, nil
		}
		<-ctx.Done()
		cause = context.Cause(ctx)
		return Result{}, ctx.Err()
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
		pass(10*time.Second + 50*time.Millisecond)
		if cause == nil || cause.Error() != "the run took longer than 10s" {
			t.Errorf("cut off by %v", cause)
		}
		pass(time.Minute)
		if work := workOf(t, store, userKey(1)); work.Pending() {
			t.Errorf("it was not retried: %+v", work)
		}
	})
}

func TestInteractiveWorkDoesNotWaitBehindAStorm(t *testing.T) {
	var mu sync.Mutex
	began := map[lockstep.Key]time.Time{}
	config := Config{Slots: 4, Reserved: 1}
	inBubble(t, config, func(_ context.Context, claim lockstep.Claim) (Result, error) {
		mu.Lock()
		began[claim.Key] = time.Now()
		mu.Unlock()
		time.Sleep(2 * time.Second)
		return Result{}, nil
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		storm := make([]lockstep.Mark, 60)
		for n := range storm {
			storm[n] = lockstep.Mark{Key: userKey(n), Priority: lockstep.Background}
		}
		mark(t, store, runner, storm...)
		time.Sleep(time.Second)
		paid := time.Now()
		mark(t, store, runner, lockstep.Mark{Key: userKey(1000), Priority: lockstep.Interactive})
		pass(3 * time.Minute)
		if waited := began[userKey(1000)].Sub(paid); waited > 50*time.Millisecond {
			t.Errorf("the buyer waited %s behind a storm", waited)
		}
		if len(began) != 61 {
			t.Errorf("%d keys were run", len(began))
		}
	})
}

func TestOneKeyNeverRunsTwiceAtOnceAndABurstIsFewRuns(t *testing.T) {
	var mu sync.Mutex
	running, runs := 0, 0
	inBubble(t, Config{}, func(context.Context, lockstep.Claim) (Result, error) {
		mu.Lock()
		running++
		runs++
		if running > 1 {
			t.Error("one key runs twice at once")
		}
		mu.Unlock()
		time.Sleep(500 * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		return Result{}, nil
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		for range 100 {
			mark(t, store, runner, lockstep.Mark{Key: userKey(1), Delay: 40 * time.Millisecond})
			time.Sleep(10 * time.Millisecond)
		}
		pass(10 * time.Second)
		if runs < 2 || runs > 4 {
			t.Errorf("100 marks in a second were %d runs of half a second", runs)
		}
		if work := workOf(t, store, userKey(1)); work.Pending() {
			t.Errorf("the last mark was forgotten: %+v", work)
		}
	})
}

func TestRunsInFlightEndBeforeTheRunner(t *testing.T) {
	finished, cut := false, false
	inBubble(t, Config{Grace: 5 * time.Second}, func(ctx context.Context, claim lockstep.Claim) (Result, error) {
		wait := 2 * time.Second
		if claim.Key == userKey(2) {
			wait = time.Hour
		}
		select {
		case <-time.After(wait):
			finished = true
			return Result{}, nil
		case <-ctx.Done():
			cut = true
			return Result{}, ctx.Err()
		}
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		mark(t, store, runner, lockstep.Mark{Key: userKey(1)}, lockstep.Mark{Key: userKey(2)})
		time.Sleep(time.Second)
		t.Cleanup(func() {
			if !finished || !cut {
				t.Errorf("the short run finished: %v; the long one was cut off: %v", finished, cut)
			}
		})
	})
}

func TestConfigRejectsBadSettings(t *testing.T) {
	t.Parallel()
	for _, bad := range []Config{{Timeout: time.Minute, Lease: time.Minute}, {Slots: 2, Reserved: 2}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
	if err := errors.Join(Config{}.Validate(), Config{Slots: 1}.Validate()); err != nil {
		t.Error(err)
	}
}
