package reconcile

import (
	"context"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// Guard says whether work may be done under our keys. Its error, a [*lockstep.DelayError],
// says why not and when to ask again. Without providers it is about all.
type Guard interface {
	Check(ctx context.Context, providers ...lockstep.Source) error
}

// Guarded has reconcilers run only while the guard allows it. Notices, e-mails and webhooks
// only tell what the database says, and go on.
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

// Reconcile runs the reconciler, or puts the key off.
func (g guarded) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	var err error
	switch claim.Key {
	case sweepRetention:
	case sweepEvents: // whatever Clerk says: Stripe keeps its list for 30 days only
		err = g.guard.Check(ctx, lockstep.Stripe)
	default:
		err = g.guard.Check(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	return g.Reconciler.Reconcile(ctx, claim)
}

// DirectorySweeps are the keys to mark after an operator accepted another instance: the
// sweeps list its users and organizations.
func DirectorySweeps() []lockstep.Key { return []lockstep.Key{sweepUsers, sweepOrganizations} }
