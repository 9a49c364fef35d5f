package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// eventOverlap is how far a gap scan reaches back over the one before: a
	// delivery may be under way, and Stripe's list may lag a little behind.
	eventOverlap = 10 * time.Minute
	// eventHistory is how long Stripe keeps events, less a margin.
	eventHistory = 29 * 24 * time.Hour
)

// eventScan is where the gap scan stands.
type eventScan struct {
	Since int64  `json:"since"`          // Unix seconds: everything before has been seen
	Began int64  `json:"began"`          // when this scan began; it becomes the next Since
	Page  string `json:"page,omitempty"` // the next page; empty between scans
	// Hole is since when events are lost for good; 0: none are. It is mended by what
	// Stripe keeps for longer.
	Hole     int64  `json:"hole,omitempty"`
	HolePage string `json:"hole_page,omitempty"`
}

// scanEvents asks Stripe which events there were, and takes those in that no
// delivery brought. Stripe's own flag of what was delivered is not used: a proxy
// may have answered in our place.
func (s *Sweeps) scanEvents(ctx context.Context, _ lockstep.Claim,
	at eventScan) (eventScan, []lockstep.Mark, bool, error) {
	now := time.Now()
	var marks []lockstep.Mark
	if at.Page == "" && at.Hole != 0 {
		return s.mendHole(ctx, at)
	}
	if at.Page == "" {
		at.Began = now.Unix()
		if at.Since == 0 {
			// Kept before Stripe is asked anything: if this scan fails, and we are away
			// for a month after it, that month must not be forgotten.
			at.Since = now.Add(-time.Hour).Unix()
			return at, nil, true, nil
		}
		if now.Sub(time.Unix(at.Since, 0)) > eventHistory {
			s.Log.Error("Stripe no longer has the events of the time we were away; looking at every account and checkout instead",
				"since", time.Unix(at.Since, 0))
			at.Hole = at.Since
			marks = append(marks, lockstep.Mark{Key: sweepAccounts, Priority: lockstep.Background})
		}
	}
	at, missed, err := s.takePage(ctx, at, eventOverlap)
	if err != nil {
		return at, nil, false, err
	}
	switch {
	case missed > 0 && s.Polled.Events > 0:
		s.Log.Info("events found that polling had not seen", "count", missed)
	case missed > 0:
		s.Log.Warn("events had not been delivered", "count", missed)
	}
	if at.Page == "" {
		at.Since = at.Began
	}
	return at, marks, at.Page != "" || at.Hole != 0, nil
}

// takePage stores the new events of the next page of Stripe's list, which reaches back to
// overlap before at.Since, and returns how many there were. at.Page is then the page after
// it, and empty at the end.
func (s *Sweeps) takePage(ctx context.Context, at eventScan, overlap time.Duration) (eventScan, int, error) {
	hints, next, err := s.Billing.EventsSince(ctx, time.Unix(at.Since, 0).Add(-overlap), at.Page)
	if errors.Is(err, lockstep.ErrNotFound) && at.Page != "" {
		// Stripe no longer has the event that the page starts after: start over.
		hints, next, err = s.Billing.EventsSince(ctx, time.Unix(at.Since, 0).Add(-overlap), "")
	}
	if err != nil {
		return at, 0, fmt.Errorf("list events: %w", err)
	}
	taken, err := s.Take(ctx, lockstep.Scanned, hints...)
	if err != nil {
		return at, 0, fmt.Errorf("store events: %w", err)
	}
	at.Page = next
	return at, taken, nil
}

// mendHole finds what was bought while events were lost, by those whom the full
// verify does not reach: guests, and customers that nobody has linked.
func (s *Sweeps) mendHole(ctx context.Context, at eventScan) (eventScan, []lockstep.Mark, bool, error) {
	sessions, next, err := s.Billing.CheckoutsSince(ctx, time.Unix(at.Hole, 0).Add(-24*time.Hour), at.HolePage)
	if err != nil {
		return at, nil, false, fmt.Errorf("list checkout sessions: %w", err)
	}
	var marks []lockstep.Mark
	for _, session := range sessions {
		if session.Status != "complete" {
			continue
		}
		mark := lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: session.CustomerID},
			Scope: lockstep.ScopeSubscriptions, Priority: lockstep.Background}
		if session.Mode == "payment" {
			mark = lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: session.ID}, Priority: lockstep.Background}
		}
		if mark.Key.ID != "" {
			marks = append(marks, mark)
		}
	}
	at.HolePage = next
	if next == "" {
		at.Hole = 0
	}
	return at, marks, next != "", nil
}
