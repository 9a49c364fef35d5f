package reconcile

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// Wakes wakes what waits for an account or a customer, where it is too much for the transaction
// that made the link.
type Wakes struct {
	Store interface {
		Wake(ctx context.Context, claim lockstep.Claim) (more bool, err error)
	}
}

// Reconcile goes on until nothing is left. A run that is cut off leaves the rest to the next one.
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
