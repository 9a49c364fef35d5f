package lockstep

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Retention says how long settled events (done or ignored) are kept. Open events (pending, parked,
// failed) always stay.
type Retention struct {
	Bodies time.Duration // the received bytes; 0: [DefaultBodies]
	IDs    time.Duration // the rest, which detects duplicates; 0: [DefaultIDs]; negative: permanently
}

// The defaults and limits of [Retention].
const (
	DefaultBodies = 30 * 24 * time.Hour
	DefaultIDs    = 90 * 24 * time.Hour
	// LeastIDs is longer than the 30 days for which Stripe can resend events and the gap scan looks
	// back (https://docs.stripe.com/webhooks). A forgotten event would otherwise count as new.
	LeastIDs = 35 * 24 * time.Hour
	// MostBodies is less than 64 weeks, after which the PostgreSQL store reuses a table of bodies.
	MostBodies = 400 * 24 * time.Hour
)

// WithDefaults returns r with defaults for zero fields.
func (r Retention) WithDefaults() Retention {
	if r.Bodies == 0 {
		r.Bodies = DefaultBodies
	}
	if r.IDs == 0 {
		r.IDs = max(DefaultIDs, r.Bodies)
	}
	return r
}

// Validate returns all problems, joined.
func (r Retention) Validate() error {
	r = r.WithDefaults()
	var problems []error
	if r.IDs > 0 && r.IDs < LeastIDs {
		problems = append(problems, fmt.Errorf("retention.ids: %s is too short, because Stripe can resend an event for 30 days; use at least %s",
			r.IDs, LeastIDs))
	}
	if r.Bodies < 0 || r.Bodies > MostBodies {
		problems = append(problems, fmt.Errorf("retention.bodies: use at most %s, and export older events to an archive of your own",
			MostBodies))
	}
	if r.IDs > 0 && r.Bodies > r.IDs {
		problems = append(problems, errors.New("retention.bodies: bodies cannot outlive ids; raise retention.ids"))
	}
	return errors.Join(problems...)
}

// Archive removes old events. Each call does a bounded amount of work. With several processes, ages are
// by the database's clock. ErrLeaseLost if the claim is stale.
type Archive interface {
	// ExpireBodies removes the bodies of settled events older than age, and reports whether there may be
	// more. A database that removes bodies in bulk may keep some for another week.
	ExpireBodies(ctx context.Context, claim Claim, age time.Duration) (more bool, err error)
	// ExpireEvents removes settled events older than age. It continues after a cursor that it returned
	// (empty: the oldest), and returns the next cursor (empty at the end) and the number of removed
	// events.
	ExpireEvents(ctx context.Context, claim Claim, age time.Duration, after string) (next string, removed int64, err error)
}
