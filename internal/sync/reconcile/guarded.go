package reconcile

import (
	"context"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
)

// Guard says whether our keys may be used. Its error, a [*lockstep.DelayError], says why not and
// when to ask again. Without providers it checks all.
type Guard interface {
	Check(ctx context.Context, providers ...lockstep.Source) error
}

// Guarded has reconcilers run only while the guard allows it. Notices, e-mails and webhooks only
// repeat what the database says, so they always run.
func Guarded(reconcilers map[lockstep.KeyKind]runner.Reconciler, guard Guard) {
	for _, kind := range []lockstep.KeyKind{lockstep.KeyUser, lockstep.KeyOrganization, lockstep.KeyCustomer,
		lockstep.KeyCheckout, lockstep.KeyPayment, lockstep.KeyObject, lockstep.KeySweep} {
		if inner := reconcilers[kind]; inner != nil {
			reconcilers[kind] = guarded{inner, guard}
		}
	}
}

type guarded struct {
	runner.Reconciler
	guard Guard
}

// Reconcile runs the reconciler, or delays the key.
func (g guarded) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	var err error
	switch claim.Key {
	case sweep.RetentionKey:
	case sweep.EventsKey: // whatever Clerk says, because Stripe keeps its list for only 30 days
		err = g.guard.Check(ctx, lockstep.Stripe)
	default:
		err = g.guard.Check(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	return g.Reconciler.Reconcile(ctx, claim)
}
