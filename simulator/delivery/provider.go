package delivery

import (
	"net/http"
	"time"
)

// Target is the current address of an endpoint.
type Target struct {
	URL string
	// Secrets all sign: there are several while one is being rotated.
	Secrets []string
}

// Rules are a provider's rules about failing endpoints.
type Rules struct {
	// DisableAfter is how long an endpoint may acknowledge nothing before it is
	// disabled.
	DisableAfter time.Duration
	// Directives means that the provider obeys the header webhook-delivery of an
	// answer: "abort-message" ends the retries of the message, "disable" disables
	// the endpoint.
	Directives bool
}

// Provider is what differs between Stripe and Clerk. Outbox calls its methods under
// the world's lock.
type Provider interface {
	// Name is "stripe" or "clerk".
	Name() string
	// Target returns the current address of an endpoint; false if the endpoint is
	// removed or disabled, which ends its deliveries.
	Target(endpoint string) (Target, bool)
	// Sign returns the headers of one attempt, made at time at.
	Sign(target Target, message string, body []byte, at time.Time) http.Header
	// Backoff returns the wait after a number of failed attempts; false after the
	// last.
	Backoff(attempts int) (time.Duration, bool)
	// Rules returns the provider's rules about failing endpoints.
	Rules() Rules
	// Disable stops an endpoint's deliveries until somebody enables it again.
	Disable(endpoint string)
	// Settled is called when a delivery is acknowledged (true) or given up (false).
	Settled(message, endpoint string, acknowledged bool)
}
