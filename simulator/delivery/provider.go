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

// Rules are what a provider does about endpoints that misbehave.
type Rules struct {
	// DisableAfter is for how long an endpoint may acknowledge nothing.
	DisableAfter time.Duration
	// Directives says that the answer's header webhook-delivery is obeyed:
	// "abort-message" ends the retries of the message, "disable" disables the
	// endpoint.
	Directives bool
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
	// Rules are what the provider does about endpoints that misbehave.
	Rules() Rules
	// Disable ends an endpoint's deliveries until somebody enables it again.
	Disable(endpoint string)
	// Settled is told when a delivery is acknowledged (true) or given up (false).
	Settled(message, endpoint string, acknowledged bool)
}
