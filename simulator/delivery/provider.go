package delivery

import (
	"net/http"
	"time"
)

// Target is where an endpoint's deliveries go now.
type Target struct {
	URL string
	// Secrets are all that sign at the moment: several while one is rolled.
	Secrets []string
}

// Provider is what differs between the senders. Its methods are called under
// the world's lock.
type Provider interface {
	// Name is "stripe" or "clerk".
	Name() string
	// Target returns where the endpoint's deliveries go; false when it is gone
	// or disabled, which ends its deliveries.
	Target(endpoint string) (Target, bool)
	// Sign returns the headers of one attempt, made at time at.
	Sign(target Target, message string, body []byte, at time.Time) http.Header
	// Backoff returns how long after the attempts-th failed attempt the next one
	// follows; false after the last.
	Backoff(attempts int) (time.Duration, bool)
	// Settled is told when a delivery is acknowledged (true) or given up (false).
	Settled(message, endpoint string, acknowledged bool)
}
