package sweep

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// expireAt is where the removal of old data stands.
type expireAt struct {
	// Runs: events are done, and the records of runs are next.
	Runs  bool   `json:"runs,omitempty"`
	After string `json:"after,omitempty"` // the cursor of the next page; empty: it starts over
}

// expire removes old data: first the bodies of events, which are most of it, then whole events, then records of
// runs.
func (s *Sweeps) expire(ctx context.Context, claim lockstep.Claim, at expireAt) (swept[expireAt], error) {
	if at.Runs {
		return s.expireRuns(ctx, claim, at)
	}
	keep := s.Retention.WithDefaults()
	if at.After == "" {
		more, err := s.Store.ExpireBodies(ctx, claim, keep.Bodies)
		if err != nil {
			return swept[expireAt]{}, fmt.Errorf("remove old bodies: %w", err)
		}
		if more {
			return swept[expireAt]{more: true}, nil
		}
	}
	runs := swept[expireAt]{next: expireAt{Runs: true}, more: true}
	if keep.IDs < 0 {
		return runs, nil
	}
	next, removed, err := s.Store.ExpireEvents(ctx, claim, keep.IDs, at.After)
	if err != nil {
		return swept[expireAt]{}, fmt.Errorf("remove old events: %w", err)
	}
	if removed > 0 {
		s.Log.DebugContext(ctx, "old events removed", "count", removed)
	}
	if next == "" {
		return runs, nil
	}
	return swept[expireAt]{next: expireAt{After: next}, more: true}, nil
}

func (s *Sweeps) expireRuns(ctx context.Context, claim lockstep.Claim, at expireAt) (swept[expireAt], error) {
	next, removed, err := s.Store.ExpireRuns(ctx, claim, lockstep.RunsKept, at.After)
	if err != nil {
		return swept[expireAt]{}, fmt.Errorf("remove old records of runs: %w", err)
	}
	if removed > 0 {
		s.Log.DebugContext(ctx, "old records of runs removed", "count", removed)
	}
	return swept[expireAt]{next: expireAt{Runs: next != "", After: next}, more: next != ""}, nil
}
