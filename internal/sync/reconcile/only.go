package reconcile

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

// Only returns a runner of the same queue that works on one key. It finishes every other
// key without looking at it. A dry run uses it on a database of its own, so that no other
// reconciler can write to a provider.
func (r *Runner) Only(key lockstep.Key) *Runner {
	alone := make(map[lockstep.KeyKind]Reconciler, len(r.reconcilers))
	for kind, reconciler := range r.reconcilers {
		alone[kind] = only{key, reconciler}
	}
	return &Runner{queue: r.queue, reconcilers: alone, config: r.config, log: r.log, wake: make(chan struct{}, 1)}
}

// only passes one key on.
type only struct {
	key  lockstep.Key
	next Reconciler
}

func (o only) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	if claim.Key != o.key {
		return Result{}, nil
	}
	return o.next.Reconcile(ctx, claim)
}
