package runner

import (
	"context"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestAQuietPeriodStartsWithTheRun: however long a run takes, the marks of events wait for two seconds from its start.
func TestAQuietPeriodStartsWithTheRun(t *testing.T) {
	var runs []time.Time
	inBubble(t, Config{}, func(context.Context, lockstep.Claim) (Result, error) {
		runs = append(runs, time.Now())
		time.Sleep(700 * time.Millisecond)
		return Result{Quiet: 2 * time.Second}, nil
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		event := lockstep.Mark{Key: userKey(1), Priority: lockstep.Interactive, Gathers: true}
		for range 18 { // the events of a checkout, over almost two seconds
			mark(t, store, runner, event)
			pass(100 * time.Millisecond)
		}
		pass(time.Minute)
		if len(runs) != 2 || runs[1].Sub(runs[0]) != 2*time.Second {
			t.Fatalf("ran at %v", runs)
		}
		mark(t, store, runner, event)
		pass(time.Second)
		mark(t, store, runner, lockstep.Mark{Key: userKey(1), Priority: lockstep.Interactive})
		pass(time.Millisecond)
		if len(runs) != 4 || runs[3].Sub(runs[2]) != time.Second {
			t.Errorf("a mark that does not gather: ran at %v", runs[2:])
		}
	})
}

// TestARunThatIsNotSettledIsRepeatedAtOnce: the next event may be the one that grants access.
func TestARunThatIsNotSettledIsRepeatedAtOnce(t *testing.T) {
	runs := 0
	inBubble(t, Config{}, func(context.Context, lockstep.Claim) (Result, error) {
		runs++
		return Result{Quiet: -1}, nil
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		for want := 1; want < 5; want++ {
			mark(t, store, runner, lockstep.Mark{Key: userKey(1), Gathers: true})
			pass(10 * time.Millisecond)
			if runs != want {
				t.Errorf("%d runs after %d events", runs, want)
			}
		}
	})
}
