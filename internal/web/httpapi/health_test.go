package httpapi

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestHealthChecksAreCheapAndTrue: concurrent requests share one check, and each answer is at most a second old.
func TestHealthChecksAreCheapAndTrue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h health
		var pings atomic.Int64
		broken := errors.New("the disk is full")
		var state atomic.Pointer[error]
		ping := func(ctx context.Context) error {
			pings.Add(1)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := state.Load(); err != nil {
				return *err
			}
			return nil
		}
		all := func(want error) {
			t.Helper()
			var asking sync.WaitGroup
			first, leave := context.WithCancel(t.Context())
			asking.Go(func() {
				_ = h.check(first, ping) // this caller leaves
			})
			synctest.Wait()
			for range 1000 {
				asking.Go(func() {
					if err := h.check(t.Context(), ping); !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
				})
			}
			synctest.Wait()
			leave()
			asking.Wait()
		}
		for range 9 {
			all(nil)
			time.Sleep(100 * time.Millisecond)
		}
		if n := pings.Load(); n != 1 {
			t.Errorf("9,000 requests within a second made %d checks", n)
		}
		state.Store(&broken)
		time.Sleep(time.Second)
		all(broken)
		state.Store(nil)
		time.Sleep(time.Second)
		all(nil)
		if n := pings.Load(); n != 3 {
			t.Errorf("%d checks, want 3", n)
		}
	})
}

// TestASilentDatabaseIsUnhealthy: all callers get the answer within the time of one check.
func TestASilentDatabaseIsUnhealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h health
		began := time.Now()
		var asking sync.WaitGroup
		for range 100 {
			asking.Go(func() {
				if err := h.check(t.Context(), wait); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("healthy: %v", err)
				}
			})
		}
		asking.Wait()
		if took := time.Since(began); took != healthWithin || took > 5*time.Second { // probes give up soon after
			t.Errorf("it took %s", took) // of virtual time
		}
	})
}
