package reconcile

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	backoffBase = 500 * time.Millisecond
	backoffMax  = 10 * time.Minute
	// maxAttempts bounds the tries of a run that fails by our own fault. With the
	// backoff that is about a quarter of an hour.
	maxAttempts = 12
)

// internalError is a failure that is ours, not a provider's.
type internalError struct{ error }

func (e internalError) Unwrap() error { return e.error }

// conclude turns how a run ended into what the queue is told.
func conclude(claim lockstep.Claim, result Result, err error, now time.Time) lockstep.Outcome {
	var parked *lockstep.ParkError
	var upstream *lockstep.UpstreamError
	var ours internalError
	var delayed *lockstep.DelayError
	switch {
	case err == nil && result.After > 0:
		return lockstep.Outcome{Disposition: lockstep.Done, At: now.Add(result.After), Scope: result.Scope}
	case err == nil:
		return lockstep.Outcome{Disposition: lockstep.Done}
	case errors.As(err, &parked):
		return lockstep.Outcome{Disposition: lockstep.Parked, Reason: parked.Reason, WaitsFor: parked.WaitsFor}
	case lockstep.IsTerminal(err),
		errors.As(err, &ours) && claim.Attempt >= maxAttempts:
		o := lockstep.Outcome{Disposition: lockstep.Failed, Reason: err.Error()}
		if result.After > 0 { // what was refused does not keep the clock from ending access
			o.At, o.Scope = now.Add(result.After), result.Scope
		}
		return o
	case errors.As(err, &delayed):
		return lockstep.Outcome{Disposition: lockstep.Retry, At: now.Add(delayed.After), Reason: delayed.Reason,
			Untried: delayed.Untried}
	}
	wait := backoff(claim.Attempt)
	if errors.As(err, &upstream) {
		if upstream.Rejected() {
			return lockstep.Outcome{Disposition: lockstep.Failed, Reason: err.Error()}
		}
		wait = max(wait, upstream.RetryAfter)
	}
	return lockstep.Outcome{Disposition: lockstep.Retry, At: now.Add(wait), Reason: err.Error()}
}

// backoff is how long to wait after the given try: doubling, with jitter over
// the upper half, so that keys that failed together do not come back together.
func backoff(attempt int) time.Duration {
	full := backoffMax
	if attempt < 20 {
		full = min(backoffBase<<max(attempt-1, 0), backoffMax)
	}
	return full/2 + rand.N(full/2)
}
