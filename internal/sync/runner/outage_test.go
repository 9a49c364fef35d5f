package runner

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// shaky is a queue over a database that fails at times.
type shaky struct {
	lockstep.Queue
	away  time.Time             // until then, Finish fails
	claim func(context.Context) // before each claim
}

var errAway = errors.New("connection refused")

func (s *shaky) Finish(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) error {
	if time.Now().Before(s.away) {
		return errAway
	}
	return s.Queue.Finish(ctx, claim, outcome)
}

func (s *shaky) Claim(ctx context.Context, request lockstep.ClaimRequest) ([]lockstep.Claim, error) {
	claims, err := s.Queue.Claim(ctx, request)
	if s.claim != nil {
		s.claim(ctx)
	}
	return claims, errors.Join(err, ctx.Err())
}

// After a failover the run is finished at once; the buyer does not wait for a lease to expire.
func TestARunIsFinishedWhenTheDatabaseIsBack(t *testing.T) {
	queue := &shaky{}
	runs := 0
	over(t, func(store lockstep.Store) lockstep.Queue { queue.Queue = store; return queue }, Config{},
		func(context.Context, lockstep.Claim) (Result, error) {
			if runs++; runs == 1 {
				queue.away = time.Now().Add(10 * time.Second)
				return Result{}, errAway
			}
			return Result{}, nil
		}, func(t *testing.T, store lockstep.Store, runner *Runner) {
			mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
			pass(14 * time.Second)
			if work := workOf(t, store, userKey(1)); work.Pending() || runs != 2 {
				t.Errorf("after %d runs, 4 s after the database was back: %+v", runs, work)
			}
		})
}

// A claim whose commit is in flight at shutdown still runs. Otherwise its key would be blocked
// until the lease expires.
func TestShutdownDoesNotCancelAClaim(t *testing.T) {
	queue := &shaky{}
	ran := false
	t.Cleanup(func() {
		if !ran {
			t.Error("a key was claimed but not run")
		}
	})
	over(t, func(store lockstep.Store) lockstep.Queue { queue.Queue = store; return queue }, Config{},
		func(context.Context, lockstep.Claim) (Result, error) {
			ran = true
			return Result{}, nil
		}, func(t *testing.T, store lockstep.Store, runner *Runner) {
			claimed := make(chan struct{})
			queue.claim = func(context.Context) {
				close(claimed)
				time.Sleep(time.Second) // the answer to the commit is in flight
			}
			mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
			<-claimed
		})
}

// The runner gives up on a database that stops answering, and asks again.
func TestADatabaseThatStopsAnsweringIsAskedAgain(t *testing.T) {
	queue := &shaky{}
	asked := 0
	over(t, func(store lockstep.Store) lockstep.Queue { queue.Queue = store; return queue }, Config{},
		func(context.Context, lockstep.Claim) (Result, error) { return Result{}, nil },
		func(t *testing.T, store lockstep.Store, runner *Runner) {
			queue.claim = func(ctx context.Context) {
				if asked++; asked == 1 {
					<-ctx.Done()
				}
			}
			mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
			pass(3 * time.Minute)
			if work := workOf(t, store, userKey(1)); asked < 2 || work.Pending() {
				t.Errorf("asked %d times: %+v", asked, work)
			}
		})
}

// During a rollout, a key that only the newer version knows is left to it.
func TestAKeyOfANewerVersionIsLeftToIt(t *testing.T) {
	inBubble(t, Config{}, func(context.Context, lockstep.Claim) (Result, error) { return Result{}, nil },
		func(t *testing.T, store lockstep.Store, runner *Runner) {
			key := lockstep.Key{Kind: "novelty", ID: "1"}
			mark(t, store, runner, lockstep.Mark{Key: key, Scope: lockstep.ScopeAll})
			pass(time.Hour)
			if work := workOf(t, store, key); !work.Pending() || work.Disposition != lockstep.Retry {
				t.Errorf("its work was finished: %+v", work)
			}
		})
}
