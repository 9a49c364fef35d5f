package reconcile

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// shaky is a queue whose database is away at times.
type shaky struct {
	lockstep.Queue
	away  time.Time             // until then nothing is finished
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

// A buyer waits as long as a failover takes, and not until a lease expires.
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

// What was claimed while the runner was told to end is run, or its keys would be held by
// nobody.
func TestTheEndDoesNotCutAClaimOff(t *testing.T) {
	queue := &shaky{}
	ran := false
	t.Cleanup(func() {
		if !ran {
			t.Error("a key was claimed and not run")
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
				time.Sleep(time.Second) // the commit's answer is under way
			}
			mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
			<-claimed
		})
}

// A database that falls silent is not waited for without end.
func TestASilentDatabaseIsAskedAgain(t *testing.T) {
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

// A key of a kind that only a newer version knows, which is being rolled out, is left to it.
func TestWhatANewerVersionKnowsIsLeftToIt(t *testing.T) {
	inBubble(t, Config{}, func(context.Context, lockstep.Claim) (Result, error) { return Result{}, nil },
		func(t *testing.T, store lockstep.Store, runner *Runner) {
			key := lockstep.Key{Kind: "novelty", ID: "1"}
			mark(t, store, runner, lockstep.Mark{Key: key, Scope: lockstep.ScopeAll})
			pass(time.Hour)
			if work := workOf(t, store, key); !work.Pending() || work.Disposition != lockstep.Retry {
				t.Errorf("its work has ended: %+v", work)
			}
		})
}
