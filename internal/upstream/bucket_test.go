package upstream

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestNoMixOfLoadsExceedsTheLimitInAnyWindow(t *testing.T) {
	t.Parallel()
	for _, window := range []time.Duration{time.Second, 10 * time.Second} {
		for _, limit := range []float64{10, 25, 100} {
			for seed := range uint64(10) {
				allowed := int(limit * window.Seconds())
				made := mixed(rand.New(rand.NewPCG(seed, 0)), limit, window)
				for n := allowed; n < len(made); n++ {
					if made[n].Sub(made[n-allowed]) < window {
						t.Fatalf("seed %d: more than %d requests within %s", seed, allowed, window)
					}
				}
			}
		}
	}
}

// mixed returns when a bucket let requests go while bursts, constant load and pauses alternated at random, for urgent
// and other requests.
func mixed(random *rand.Rand, limit float64, window time.Duration) (made []time.Time) {
	now := time.Unix(0, 0)
	b := newBucket(limit, window, 1, now)
	for range 30 {
		urgent, idle := random.IntN(2) == 0, random.IntN(3) == 0
		most := random.IntN(int(2 * limit * window.Seconds()))
		for end := now.Add(time.Duration(random.Int64N(int64(2 * window)))); now.Before(end); {
			now = now.Add(5 * time.Millisecond)
			b.refill(now)
			for ; !idle && most > 0 && b.wait(b.enough(urgent)) == 0; most-- {
				b.take()
				made = append(made, now)
			}
		}
	}
	return made
}

// Background load alone gets nine tenths of the limit. A replica whose share is too small to reserve tokens for
// interactive requests gets four fifths.
func TestConstantLoadGetsNineTenthsOfTheLimit(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]float64{1: 22.5, 0.9: 20.25, 0.5: 10} {
		now := time.Unix(0, 0)
		b, made := newBucket(25, time.Second, share, now), 0
		for ; now.Before(time.Unix(101, 0)); now = now.Add(5 * time.Millisecond) {
			b.refill(now)
			if b.wait(b.enough(false)) == 0 {
				b.take()
				if now.After(time.Unix(1, 0)) {
					made++
				}
			}
		}
		if rate := float64(made) / 100; rate < want*0.98 || rate > want*1.02 {
			t.Errorf("share %v: %v requests a second, want %v", share, rate, want)
		}
	}
}

func TestBackgroundCallsTakeOnlyWhatInteractiveOnesLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 50})
		ctx, stop := context.WithCancel(t.Context())
		background := &probe{}
		var callers sync.WaitGroup
		for range 30 {
			callers.Go(func() {
				for ctx.Err() == nil {
					_ = gate.Call(as(lockstep.Background), "GET", "/v1/things", background.call)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if rate := background.count() / 10; rate < 44 {
			t.Errorf("%d background calls a second when there are no others", rate)
		}
		before, slowest := background.count(), time.Duration(0)
		for range 300 { // thirty interactive calls a second
			began := time.Now()
			if err := gate.Call(as(lockstep.Interactive), "GET", "/v1/things", func() error { return nil }); err != nil {
				t.Error(err)
			}
			took := time.Since(began)
			slowest = max(slowest, took)
			time.Sleep(time.Second/30 - took)
		}
		if slowest > 0 {
			t.Errorf("an interactive call waited %s behind background calls", slowest)
		}
		if rate := (background.count() - before) / 10; rate < 13 || rate > 15 {
			t.Errorf("%d background calls a second beside thirty interactive ones; 45 are allowed", rate)
		}
		stop()
		callers.Wait()
	})
}
