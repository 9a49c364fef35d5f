package reconcile

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// Wakes marks the keys that wait for an account or a customer when there are too many for the transaction
// that created the account or the link.
type Wakes struct {
	Store interface {
		Wake(ctx context.Context, claim lockstep.Claim) (more bool, err error)
	}
}

// Reconcile repeats steps until no key waits. A run that times out leaves the rest to the next one.
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
