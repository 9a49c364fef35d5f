package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// eventOverlap is how far a gap scan reaches back over the last one: a delivery may be in
	// flight, and Stripe's list may lag a little.
	eventOverlap = 10 * time.Minute
	// eventHistory is how long Stripe keeps events, less a margin.
	eventHistory = 29 * 24 * time.Hour
)

// eventScan is where the gap scan stands.
type eventScan struct {
	Since int64  `json:"since"`          // Unix seconds: we have seen everything before
	Began int64  `json:"began"`          // when this scan started; it becomes the next Since
	Page  string `json:"page,omitempty"` // the next page; empty between scans
	// Hole is since when events are lost, because Stripe no longer has them; 0: none are. Objects
	// that Stripe keeps longer replace them.
	Hole     int64  `json:"hole,omitempty"`
	HolePage string `json:"hole_page,omitempty"`
}

// scanEvents asks Stripe which events there were, and stores those that no delivery brought. It
// does not use Stripe's own flag of what was delivered: a proxy may have answered in our place.
func (s *Sweeps) scanEvents(ctx context.Context, _ lockstep.Claim, at eventScan) (swept[eventScan], error) {
	if at.Page == "" && at.Hole != 0 {
		return s.mendHole(ctx, at)
	}
	var marks []lockstep.Mark
	if at.Page == "" {
		now := time.Now()
		at.Began = now.Unix()
		if at.Since == 0 {
			// Saved before Stripe is asked anything: if this scan fails, and we are down for a month
			// after it, that month must not be forgotten.
			at.Since = now.Add(-time.Hour).Unix()
			return swept[eventScan]{next: at, more: true}, nil
		}
		at, marks = s.findHole(ctx, at, now)
	}
	at, missed, err := s.takePage(ctx, at, eventOverlap)
	if err != nil {
		return swept[eventScan]{}, err
	}
	s.reportMissed(ctx, missed)
	if at.Page == "" {
		at.Since = at.Began
	}
	return swept[eventScan]{at, marks, at.Page != "" || at.Hole != 0}, nil
}

// findHole finds out whether Stripe still has all events since the last scan. If it does not, it
// marks the full verify.
func (s *Sweeps) findHole(ctx context.Context, at eventScan, now time.Time) (eventScan, []lockstep.Mark) {
	if now.Sub(time.Unix(at.Since, 0)) <= eventHistory {
		return at, nil
	}
	s.Log.ErrorContext(ctx, "Stripe no longer has the events of our downtime; reading every account and checkout instead",
		"since", time.Unix(at.Since, 0))
	at.Hole = at.Since
	return at, []lockstep.Mark{{Key: sweepAccounts, Priority: lockstep.Background}}
}

func (s *Sweeps) reportMissed(ctx context.Context, missed int) {
	switch {
	case missed > 0 && s.Polled.Events > 0:
		s.Log.InfoContext(ctx, "gap scan found events that polling had missed", "count", missed)
	case missed > 0:
		s.Log.WarnContext(ctx, "gap scan found events that were not delivered", "count", missed)
	}
}

// takePage stores the new events of the next page of Stripe's list, which starts overlap before
// at.Since, and returns how many there were. at.Page is then the page after it, and empty at the
// end.
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

// mendHole finds what was bought while events were lost by buyers whom the full verify does not
// reach: guests, and customers that are not linked.
func (s *Sweeps) mendHole(ctx context.Context, at eventScan) (swept[eventScan], error) {
	sessions, next, err := s.Billing.CheckoutsSince(ctx, time.Unix(at.Hole, 0).Add(-24*time.Hour), at.HolePage)
	if err != nil {
		return swept[eventScan]{}, fmt.Errorf("list checkout sessions: %w", err)
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
	return swept[eventScan]{at, marks, next != ""}, nil
}
