package reconcile

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// reconcileFunc lets a function be a reconciler.
type reconcileFunc func(ctx context.Context, claim lockstep.Claim) (Result, error)

func (f reconcileFunc) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	return f(ctx, claim)
}

// pass lets virtual time pass and waits until all goroutines block.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func userKey(n int) lockstep.Key {
	return lockstep.Key{Kind: lockstep.KeyUser, ID: fmt.Sprintf("user_%d", n)}
}

func mark(t *testing.T, store lockstep.Store, runner *runner.Runner, marks ...lockstep.Mark) {
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
