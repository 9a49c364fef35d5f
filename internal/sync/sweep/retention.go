package sweep

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// expireAt is where the removal of old events stands.
type expireAt struct {
	After string `json:"after,omitempty"` // the cursor of the next page of events; empty: it starts over
}

// expire removes old data: first the bodies of events, which are most of it, then whole events.
func (s *Sweeps) expire(ctx context.Context, claim lockstep.Claim, at expireAt) (swept[expireAt], error) {
	keep := s.Retention.WithDefaults()
	if at.After == "" {
		more, err := s.Store.ExpireBodies(ctx, claim, keep.Bodies)
		if err != nil {
			return swept[expireAt]{}, fmt.Errorf("remove old bodies: %w", err)
		}
		if more || keep.IDs < 0 {
			return swept[expireAt]{more: more}, nil
		}
	}
	next, removed, err := s.Store.ExpireEvents(ctx, claim, keep.IDs, at.After)
	if err != nil {
		return swept[expireAt]{}, fmt.Errorf("remove old events: %w", err)
	}
	if removed > 0 {
		s.Log.Debug("old events removed", "count", removed)
	}
	return swept[expireAt]{next: expireAt{After: next}, more: next != ""}, nil
}
