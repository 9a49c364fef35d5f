package reconcile

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/drift"
)

// Drift is what a run of the full verify has changed.
type Drift struct {
	Key    lockstep.Key
	Places []lockstep.DriftPlace
	Began  time.Time // the run
}

// reportDrift reports what a run changed if nothing but the full verify has caused it. An event or a person
// would have raised its priority; that no event of the lowest priority is open is for the listener to check.
func (as *Accounts) reportDrift(ctx context.Context, d *draft) {
	if as.Drifted == nil || !d.claim.Scope.Has(lockstep.ScopeVerify) || d.claim.Priority != lockstep.Background {
		return
	}
	if places := drift.Found(d.found, d.was, d.merged); len(places) > 0 {
		as.Drifted(ctx, Drift{d.claim.Key, places, d.began})
	}
}
