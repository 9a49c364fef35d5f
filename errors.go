package lockstep

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers branch on.
var (
	// ErrNotFound: the object does not exist, here or at the provider.
	ErrNotFound = errors.New("not found")
	// ErrLeaseLost: the claim of a write is stale; another worker may hold the key.
	ErrLeaseLost = errors.New("lease lost")
	// ErrLinked: the customer belongs to another account, or the account's primary customer must not
	// be replaced.
	ErrLinked = errors.New("linked to another account or customer")
	// ErrCrowded: the account has reached the limit of claimed customers.
	ErrCrowded = errors.New("too many claimed customers")
	// ErrInvalid: the request is invalid; the text says why and is safe to show.
	ErrInvalid = errors.New("invalid request")
	// ErrRemoved: the identity was removed. Its id cannot be reused, so a late or repeated request
	// creates nothing.
	ErrRemoved = errors.New("was removed")
	// ErrInUse: the account is in use, that is, not deleted.
	ErrInUse = errors.New("is in use")
	// ErrPaid: an open event says that someone may have paid.
	ErrPaid = errors.New("someone may have paid")
	// ErrBusy: another request or run is working on it; retry soon.
	ErrBusy = errors.New("busy with another request")
)

// UpstreamError is a provider's refusal or failure. Its text is safe to log and to show: the adapter
// removes personal data and secrets.
type UpstreamError struct {
	Provider   string        // "stripe" or "clerk"
	Op         string        // "create customer"
	Status     int           // HTTP status; 0 when no answer came
	Code       string        // the provider's error code; may be empty
	Param      string        // the refused parameter; may be empty
	Message    string        // the provider's message if it is safe to show; else empty
	RequestID  string        // the provider's request id, for its support
	RetryAfter time.Duration // the provider's Retry-After; 0: none
	Limit      string        // of a 429: the limit that was exceeded; may be empty
	Replayed   bool          // Stripe replayed the stored response of an idempotency key
	Err        error         // the cause if there was no answer
}

func (e *UpstreamError) Error() string {
	s := e.Provider + ": " + e.Op
	if e.Status != 0 {
		s += fmt.Sprintf(": status %d", e.Status)
	}
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Param != "" {
		s += " " + e.Param
	}
	if e.RequestID != "" {
		s += " (" + e.RequestID + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Status == 0 && e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *UpstreamError) Unwrap() error { return e.Err }

// Is makes a provider's 404 match [ErrNotFound]. The adapters set Status 404 only for the provider's
// own error object, never for a proxy's page.
func (e *UpstreamError) Is(target error) bool {
	return target == ErrNotFound && (e.Status == 404 || e.Code == "resource_missing" || e.Code == "resource_not_found")
}

// Rejected reports whether the provider refused the request, executed nothing, and will refuse the
// same request again. It is false for authentication failures (an operator can fix the key), for
// conflicts, for rate limits, and for a reused idempotency key, whose first request may have been
// executed.
func (e *UpstreamError) Rejected() bool {
	switch e.Status {
	case 400, 402, 404, 405, 413, 422:
		return e.Code != "idempotency_key_in_use" && e.Code != "lock_timeout" && e.Code != "idempotency_error"
	}
	return false
}

// Terminal marks an error that a retry cannot fix.
func Terminal(err error) error {
	if err == nil {
		return nil
	}
	return &terminalError{err}
}

type terminalError struct{ err error }

func (e *terminalError) Error() string { return e.err.Error() }
func (e *terminalError) Unwrap() error { return e.err }

// IsTerminal reports whether err was marked by [Terminal].
func IsTerminal(err error) bool {
	var t *terminalError
	return errors.As(err, &t)
}

// ParkError ends a run whose key belongs to no known account.
type ParkError struct {
	Reason   string
	WaitsFor []Key // the keys whose link or first sight could change that
}

func (e *ParkError) Error() string { return "parked: " + e.Reason }

// DelayError ends a run that chooses its retry time instead of the queue's backoff, for example
// because a provider sent Retry-After.
type DelayError struct {
	Reason  string // safe to show, without personal data
	After   time.Duration
	Untried bool // the work did not start, so this does not count as an attempt
}

func (e *DelayError) Error() string { return e.Reason }
