package lockstep

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Retention says how long is kept of an event what nobody needs any more: of one that
// is settled, done or ignored. What is open (pending, parked, failed) is kept.
type Retention struct {
	Bodies time.Duration // the bytes that were received; 0: [DefaultBodies]
	IDs    time.Duration // the rest, by which a duplicate is known; 0: [DefaultIDs], negative: for good
}

// What Retention means and allows.
const (
	DefaultBodies = 30 * 24 * time.Hour
	DefaultIDs    = 90 * 24 * time.Hour
	// LeastIDs is longer than Stripe sends an event again on request and than the gap
	// scan reaches back: both would bring what has been forgotten as something new.
	// https://docs.stripe.com/webhooks: events can be resent for 30 days.
	LeastIDs = 35 * 24 * time.Hour
	// MostBodies is less than the 64 weeks after which PostgreSQL's tables of bodies are
	// used again.
	MostBodies = 400 * 24 * time.Hour
)

// WithDefaults is r with what is not set.
func (r Retention) WithDefaults() Retention {
	if r.Bodies == 0 {
		r.Bodies = DefaultBodies
	}
	if r.IDs == 0 {
		r.IDs = max(DefaultIDs, r.Bodies)
	}
	return r
}

// Validate reports every problem at once.
func (r Retention) Validate() error {
	r = r.WithDefaults()
	var problems []error
	if r.IDs > 0 && r.IDs < LeastIDs {
		problems = append(problems, fmt.Errorf("ids of events are kept for %s: Stripe can send an event again for 30 days; keep them for %s at least",
			r.IDs, LeastIDs))
	}
	if r.Bodies < 0 || r.Bodies > MostBodies {
		problems = append(problems, fmt.Errorf("bodies of events are kept for at most %s; what is to be kept for longer belongs in an archive of yours",
			MostBodies))
	}
	if r.IDs > 0 && r.Bodies > r.IDs {
		problems = append(problems, errors.New("bodies of events cannot be kept for longer than their ids"))
	}
	return errors.Join(problems...)
}

// Archive is what is kept of old events. Both methods do a bounded part of what there is
// to do, so that nobody waits for them. Ages are by the database's clock where there are
// several processes. ErrLeaseLost when the claim is not the current one.
type Archive interface {
	// ExpireBodies drops bodies of settled events that were received longer ago than age,
	// and reports whether there may be more. A database that drops many at once may keep
	// some for a week more.
	ExpireBodies(ctx context.Context, claim Claim, age time.Duration) (more bool, err error)
	// ExpireEvents removes settled events that were received longer ago than age. It goes
	// on after a cursor that it returned (empty: from the oldest), and returns the
	// next, empty at the end, and how many it removed.
	ExpireEvents(ctx context.Context, claim Claim, age time.Duration, after string) (next string, removed int64, err error)
}
