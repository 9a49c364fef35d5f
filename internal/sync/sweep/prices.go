package sweep

import (
	"context"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// priceChanges counts the runs that events of prices and products have caused.
type priceChanges struct {
	Count int64 `json:"count"`
}

// forgetPrices changes the cursor that package pricebook compares. It is not periodic: only an event
// marks its key.
func (s *Sweeps) forgetPrices(ctx context.Context, claim lockstep.Claim) (runner.Result, error) {
	_, err := sweep(ctx, s, claim, 0, func(_ context.Context, _ lockstep.Claim,
		at priceChanges) (swept[priceChanges], error) {
		return swept[priceChanges]{next: priceChanges{at.Count + 1}}, nil
	})
	return runner.Result{}, err
}
