package reconcile

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// expireAt is where the removal of old events stands.
type expireAt struct {
	After string `json:"after,omitempty"` // the cursor of the next page of events; empty: all has to be done
}

// expire drops what is old: first bodies, which are most of it, then whole events.
func (s *Sweeps) expire(ctx context.Context, claim lockstep.Claim,
	at expireAt) (expireAt, []lockstep.Mark, bool, error) {
	keep := s.Retention.WithDefaults()
	if at.After == "" {
		more, err := s.Store.ExpireBodies(ctx, claim, keep.Bodies)
		if err != nil {
			return at, nil, false, fmt.Errorf("drop old bodies: %w", err)
		}
		if more || keep.IDs < 0 {
			return at, nil, more, nil
		}
	}
	next, removed, err := s.Store.ExpireEvents(ctx, claim, keep.IDs, at.After)
	if err != nil {
		return at, nil, false, fmt.Errorf("remove old events: %w", err)
	}
	if removed > 0 {
		s.Log.Debug("old events were removed", "count", removed)
	}
	at.After = next
	return at, nil, next != "", nil
}
