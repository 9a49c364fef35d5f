package runner

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestOutcomeOfARun(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	upstream := func(status int, code string) error {
		return fmt.Errorf("create customer: %w", &lockstep.UpstreamError{Provider: "stripe", Op: "x", Status: status,
			Code: code})
	}
	tests := map[string]struct {
		err     error
		attempt int
		want    lockstep.Disposition
	}{
		"no error":       {nil, 1, lockstep.Done},
		"parked":         {&lockstep.ParkError{Reason: "unknown"}, 1, lockstep.Parked},
		"parked, deeper": {fmt.Errorf("x: %w", &lockstep.ParkError{Reason: "unknown"}), 1, lockstep.Parked},
		"a delay": {fmt.Errorf("x: %w", &lockstep.DelayError{Reason: "waits", After: time.Minute}),
			4000, lockstep.Retry},
		"terminal":                      {lockstep.Terminal(errors.New("no")), 1, lockstep.Failed},
		"refused":                       {upstream(400, "email_invalid"), 1, lockstep.Failed},
		"a 404":                         {upstream(404, "resource_missing"), 1, lockstep.Failed},
		"the key is in use":             {upstream(409, "idempotency_key_in_use"), 1, lockstep.Retry},
		"the key is spent":              {upstream(400, "idempotency_error"), 1, lockstep.Retry},
		"rate limit":                    {upstream(429, "rate_limit"), 1, lockstep.Retry},
		"a lock":                        {upstream(429, "lock_timeout"), 1, lockstep.Retry},
		"a revoked key can be replaced": {upstream(401, ""), 400, lockstep.Retry},
		"a missing permission, too":     {upstream(403, ""), 400, lockstep.Retry},
		"an outage, however long":       {upstream(503, ""), 4000, lockstep.Retry},
		"no answer":                     {upstream(0, ""), 4000, lockstep.Retry},
		"the database, however long":    {errors.New("disk I/O error"), 4000, lockstep.Retry},
		"a panic":                       {internalError{errors.New("panic")}, maxAttempts - 1, lockstep.Retry},
		"a panic, again and again":      {internalError{errors.New("panic")}, maxAttempts, lockstep.Failed},
		"the timeout":                   {context.DeadlineExceeded, 50, lockstep.Retry},
		"a sweep that is refused":       {Retryable(upstream(403, "x")), 9, lockstep.Retry},
		"a sweep that is refused more":  {Retryable(upstream(400, "x")), 9, lockstep.Retry},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := conclude(lockstep.Claim{Attempt: tt.attempt}, Result{}, tt.err, now)
			if got.Disposition != tt.want {
				t.Errorf("%s, want %s", got.Disposition, tt.want)
			}
			if (tt.err != nil) != (got.Reason != "") {
				t.Errorf("reason %q", got.Reason)
			}
			if late := got.Disposition == lockstep.Retry; late != got.At.After(now) {
				t.Errorf("runs again at %s", got.At)
			}
		})
	}
}

func TestRetryAfterIsRespected(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	err := &lockstep.UpstreamError{Status: 429, RetryAfter: 7 * time.Minute}
	if at := conclude(lockstep.Claim{Attempt: 1}, Result{}, err, now).At; at.Before(now.Add(7 * time.Minute)) {
		t.Errorf("runs again after %s", at.Sub(now))
	}
}

func TestADelayMayNotCountAsAnAttempt(t *testing.T) {
	t.Parallel()
	for _, untried := range []bool{true, false} {
		err := fmt.Errorf("x: %w", &lockstep.DelayError{Reason: "waits", After: time.Minute, Untried: untried})
		if got := conclude(lockstep.Claim{Attempt: 1}, Result{}, err, time.Now()); got.Untried != untried {
			t.Errorf("untried %v became %+v", untried, got)
		}
	}
}

func TestBackoffGrowsWithJitter(t *testing.T) {
	t.Parallel()
	for attempt := 1; attempt < 100; attempt++ {
		full := min(backoffBase<<min(attempt-1, 20), BackoffMax)
		seen := map[time.Duration]bool{}
		for range 20 {
			d := Backoff(attempt)
			seen[d] = true
			if d < full/2 || d > full {
				t.Fatalf("attempt %d waits %s, not between %s and %s", attempt, d, full/2, full)
			}
		}
		if len(seen) < 10 {
			t.Errorf("attempt %d: %d different waits of 20", attempt, len(seen))
		}
	}
}

func TestAnErrorOutranksTheResult(t *testing.T) {
	t.Parallel()
	got := conclude(lockstep.Claim{Attempt: 1}, Result{After: time.Hour}, errors.New("x"), time.Now())
	if got.Disposition != lockstep.Retry {
		t.Error(got.Disposition)
	}
	got = conclude(lockstep.Claim{Attempt: 1}, Result{After: time.Hour, Scope: lockstep.ScopeAll}, nil, time.Now())
	if got.Disposition != lockstep.Done || got.Scope != lockstep.ScopeAll || time.Until(got.At) < 59*time.Minute {
		t.Errorf("%+v", got)
	}
}
