package runner

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Result says how a run without an error ended. The zero Result means done.
type Result struct {
	After time.Duration  // run again after this time; 0: only when the key is marked
	Scope lockstep.Scope // the scope of that run
	// Quiet is for how long after the run's start the marks of events wait, so that one run handles all
	// of them; negative: no longer; 0: as before the run.
	Quiet time.Duration
	// Facts are for the run's record. A run that fails has facts too.
	Facts lockstep.RunFacts
}

// Reconciler brings one key in sync. Every write that it makes carries the claim. The package
// comment says what its errors mean. If it returns an error, only a failed outcome keeps the
// Result; any other error replaces it, except its Facts.
type Reconciler interface {
	Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error)
}
