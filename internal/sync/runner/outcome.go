package runner

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	backoffBase = 500 * time.Millisecond
	// BackoffMax is the longest pause before a retry.
	BackoffMax = 10 * time.Minute
	// maxAttempts limits the tries of a run that panics. With the backoff they take about a
	// quarter of an hour.
	maxAttempts = 12
)

// internalError is our own failure, not a provider's.
type internalError struct{ error }

func (e internalError) Unwrap() error { return e.error }

// conclude turns the end of a run into what the queue records.
func conclude(claim lockstep.Claim, result Result, err error, now time.Time) lockstep.Outcome {
	var parked *lockstep.ParkError
	var ours internalError
	var delayed *lockstep.DelayError
	switch {
	case err == nil:
		return follow(lockstep.Outcome{Disposition: lockstep.Done}, result, now)
	case errors.As(err, &parked):
		return lockstep.Outcome{Disposition: lockstep.Parked, Reason: parked.Reason, WaitsFor: parked.WaitsFor}
	case lockstep.IsTerminal(err), errors.As(err, &ours) && claim.Attempt >= maxAttempts:
		// The follow-up stays: a refused step must not stop the clock that ends access.
		return follow(lockstep.Outcome{Disposition: lockstep.Failed, Reason: err.Error()}, result, now)
	case errors.As(err, &delayed):
		return lockstep.Outcome{Disposition: lockstep.Retry, At: now.Add(delayed.After), Reason: delayed.Reason,
			Untried: delayed.Untried}
	}
	return retry(claim, err, now)
}

// follow adds the next run that a result asks for.
func follow(o lockstep.Outcome, result Result, now time.Time) lockstep.Outcome {
	if result.After > 0 {
		o.At, o.Scope = now.Add(result.After), result.Scope
	}
	return o
}

// retry backs off, unless a provider refused the request: then a retry would get the same answer.
func retry(claim lockstep.Claim, err error, now time.Time) lockstep.Outcome {
	wait := Backoff(claim.Attempt)
	var upstream *lockstep.UpstreamError
	if errors.As(err, &upstream) {
		if upstream.Rejected() {
			return lockstep.Outcome{Disposition: lockstep.Failed, Reason: err.Error()}
		}
		wait = max(wait, upstream.RetryAfter)
	}
	return lockstep.Outcome{Disposition: lockstep.Retry, At: now.Add(wait), Reason: err.Error()}
}

// Backoff returns the pause after the given attempt. It doubles with each attempt, up to
// [BackoffMax], with jitter over the upper half, so that keys that failed together do not
// come back together.
func Backoff(attempt int) time.Duration {
	full := BackoffMax
	if attempt < 20 {
		full = min(backoffBase<<max(attempt-1, 0), BackoffMax)
	}
	return full/2 + rand.N(full/2)
}

// Retryable hides a provider's refusal from the runner: the next try will be a different
// request, so the refusal says nothing about it.
func Retryable(refusal error) error { return retryable{refusal} }

type retryable struct{ refusal error }

func (e retryable) Error() string { return e.refusal.Error() }
