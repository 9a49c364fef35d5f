package runner

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

// Only returns a runner of the same queue that works on one key. It finishes every other key
// without running it. A dry run uses it on a database of its own, so that no other reconciler
// can write to a provider.
func (r *Runner) Only(key lockstep.Key) *Runner {
	filtered := make(map[lockstep.KeyKind]Reconciler, len(r.reconcilers))
	for kind, reconciler := range r.reconcilers {
		filtered[kind] = only{key, reconciler}
	}
	return New(r.queue, filtered, r.config, r.log)
}

type only struct {
	key  lockstep.Key
	next Reconciler
}

// Reconcile runs the one key and does nothing for all others.
func (o only) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	if claim.Key != o.key {
		return Result{}, nil
	}
	return o.next.Reconcile(ctx, claim)
}
