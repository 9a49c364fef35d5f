package lockstep

import (
	"context"
	"errors"
	"time"
)

// Limits are a provider's rate limits. All processes on one database share them. Four fifths are
// spent evenly and one fifth is for bursts, so the total stays below the limit.
type Limits struct {
	PerSecond   float64 // requests per second; 0: the provider's limit for the key's mode
	PerEndpoint float64 // requests per second to one endpoint (method and route); 0: the provider's limit
}

// Validate rejects negative limits.
func (l Limits) Validate() error {
	if l.PerSecond < 0 || l.PerEndpoint < 0 {
		return errors.New("requests per second must not be negative; omit the setting to use the provider's limit")
	}
	return nil
}

// Replicas lets the processes that share a database share the providers' rate limits.
type Replicas interface {
	// Beat registers a replica for ttl, by the database's clock, and adds pauses of endpoints. It
	// returns the fleet's state.
	Beat(ctx context.Context, replica string, ttl time.Duration, pauses []Pause) (Fleet, error)
	// Leave removes a replica. It is no error if it is not registered.
	Leave(ctx context.Context, replica string) error
	// Fleet returns the fleet's state.
	Fleet(ctx context.Context) (Fleet, error)
}

// Fleet is the state of the processes that share the rate limits.
type Fleet struct {
	Replicas int     // the number of live replicas
	Pauses   []Pause // in any order
}

// Pause says how long an endpoint must not be called, because its provider answered 429.
type Pause struct {
	Endpoint string // "clerk PATCH /v1/users/{}/metadata"
	For      time.Duration
}

type priorityKey struct{}

// WithPriority sets the priority of provider calls under the context. Interactive calls overtake
// others.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

// PriorityOf returns the priority of the context. The default is [Interactive], because a caller
// outside of the queue waits for the answer.
func PriorityOf(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}
