package reconcile

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// enter takes a lane of those that calls to one place share: a place that hangs must
// not take every slot of the runner. When all are taken for longer than patience,
// the run gives its slot back and comes again.
func enter(ctx context.Context, lanes chan struct{}, patience time.Duration) (release func(), err error) {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case lanes <- struct{}{}:
		return func() { <-lanes }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-wait.C:
		return nil, &lockstep.DelayError{Reason: "others are under way to the same place", After: 2*time.Second +
			rand.N(8*time.Second), Untried: true}
	}
}
