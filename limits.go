package lockstep

import (
	"context"
	"errors"
	"time"
)

// Limits are how many requests a second a provider allows us. Of that, four fifths
// are spent evenly and one fifth is for bursts, so that the limit is not exceeded; all
// processes on one database share it.
type Limits struct {
	PerSecond   float64 // requests a second; 0: what the provider grants a key of this mode
	PerEndpoint float64 // to one endpoint (a method and a route); 0: the same
}

// Validate reports limits that cannot be meant.
func (l Limits) Validate() error {
	if l.PerSecond < 0 || l.PerEndpoint < 0 {
		return errors.New("a limit of requests a second must not be negative")
	}
	return nil
}

// Replicas is how the processes that share a database share what providers allow
// them.
type Replicas interface {
	// Beat says that a replica is at work, for ttl from now by the database's clock, and
	// that endpoints must not be called for a while. It returns what all have said.
	Beat(ctx context.Context, replica string, ttl time.Duration, pauses []Pause) (Fleet, error)
	// Leave takes a replica off; one that is not there is no error.
	Leave(ctx context.Context, replica string) error
	// Fleet returns what all have said.
	Fleet(ctx context.Context) (Fleet, error)
}

// Fleet is who shares what providers allow, at a moment.
type Fleet struct {
	Replicas int     // at work
	Pauses   []Pause // in no order
}

// Pause is for how long an endpoint must not be called, as its provider said.
type Pause struct {
	Endpoint string // "clerk PATCH /v1/users/{}/metadata"
	For      time.Duration
}

type priorityKey struct{}

// WithPriority says how urgent is what is done under the context: calls to providers
// that somebody waits for overtake the others.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

// PriorityOf is what [WithPriority] said, and else [Interactive]: who calls outside of
// the queue waits for the answer.
func PriorityOf(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}
