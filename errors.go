package lockstep

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers branch on.
var (
	// ErrNotFound: there is no such thing, here or at the provider.
	ErrNotFound = errors.New("not found")
	// ErrLeaseLost: the claim behind a write is no longer the current one.
	ErrLeaseLost = errors.New("lease lost")
	// ErrLinked: the customer belongs to another account, or the account has a primary
	// customer that must not be replaced.
	ErrLinked = errors.New("linked otherwise")
	// ErrCrowded: the account has as many claimed customers as it may have.
	ErrCrowded = errors.New("too many claimed customers")
	// ErrInvalid: the request itself is wrong; its text says how and is safe to show.
	ErrInvalid = errors.New("invalid request")
	// ErrRemoved: the identity was removed; its id is not given twice, so that a late
	// or repeated request creates nothing anew.
	ErrRemoved = errors.New("was removed")
	// ErrInUse: the account is not deleted.
	ErrInUse = errors.New("is in use")
	// ErrBusy: somebody else is just at it; try again soon.
	ErrBusy = errors.New("somebody else is at it")
)

// UpstreamError is a provider's refusal or failure. Its text holds no personal data and no
// secret, so that it can be logged and shown: the adapter leaves out what could be either.
type UpstreamError struct {
	Provider   string        // "stripe" or "clerk"
	Op         string        // "create customer"
	Status     int           // HTTP status; 0 when no answer came
	Code       string        // the provider's error code; may be empty
	Param      string        // the parameter that was refused, as the provider names it; may be empty
	Message    string        // the provider's own sentence, where it is safe to show; else empty
	RequestID  string        // for a question to the provider's support
	RetryAfter time.Duration // as the provider asked; 0 where it did not
	Limit      string        // of a 429: which limit it was, as the provider says; may be empty
	Replayed   bool          // Stripe replayed the stored answer of an idempotency key
	Err        error         // the cause when no answer came
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

// Is makes a provider's 404 an [ErrNotFound]. The adapters give a Status of 404 only
// to the provider's own error object, never to a proxy's page.
func (e *UpstreamError) Is(target error) bool {
	return target == ErrNotFound && (e.Status == 404 || e.Code == "resource_missing" || e.Code == "resource_not_found")
}

// Rejected reports whether the provider definitely refused the request as such
// and executed nothing: the same request will be refused again. Authentication
// failures are not among them (a key can be mended), nor are conflicts and limits,
// nor a key that was used for something else: that something may have happened.
func (e *UpstreamError) Rejected() bool {
	switch e.Status {
	case 400, 402, 404, 405, 413, 422:
		return e.Code != "idempotency_key_in_use" && e.Code != "lock_timeout" && e.Code != "idempotency_error"
	}
	return false
}

// Terminal marks err as one that trying again will not mend.
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

// ParkError ends a run whose key belongs to nobody known.
type ParkError struct {
	Reason   string
	WaitsFor []Key // what could make it known
}

func (e *ParkError) Error() string { return "parked: " + e.Reason }

// DelayError ends a run that is to be tried again at a time of its own choice
// instead of the queue's backoff: it waits for something, or was told when.
type DelayError struct {
	Reason  string // safe to show, holds no personal data
	After   time.Duration
	Untried bool // it was no try: what was to be done was not begun
}

func (e *DelayError) Error() string { return e.Reason }
