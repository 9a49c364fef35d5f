package reconcile

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// enter takes one of the lanes that calls to the same destination share, so that a destination that
// hangs cannot take every slot of the runner. If no lane is free within patience, the run gives its
// slot back and is retried.
func enter(ctx context.Context, lanes chan struct{}, patience time.Duration) (release func(), err error) {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case lanes <- struct{}{}:
		return func() { <-lanes }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-wait.C:
		return nil, &lockstep.DelayError{Reason: "other calls to the same destination are in progress",
			After: 2*time.Second + rand.N(8*time.Second), Untried: true}
	}
}
