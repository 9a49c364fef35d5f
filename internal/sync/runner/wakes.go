package runner

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// Wakes marks parked keys. The transaction that creates an account or a link marks the keys
// that wait for it; if there are too many for one transaction, it marks a key of Wakes.
type Wakes struct {
	Store interface {
		Wake(ctx context.Context, claim lockstep.Claim) (more bool, err error)
	}
}

// Reconcile marks keys until none waits. If it times out, the next run does the rest.
func (w *Wakes) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	for {
		more, err := w.Store.Wake(ctx, claim)
		if err != nil {
			return Result{}, fmt.Errorf("wake: %w", err)
		}
		if !more {
			return Result{}, nil
		}
	}
}
