package upstream

import (
	"math"
	"time"
)

const (
	// even is the part of a limit that refills the bucket; the rest is the size of a burst. A full bucket plus one
	// window's refill is then exactly the limit, wherever the provider's window starts.
	even = 0.8
	// lowest is the smallest factor that refusals can slow a bucket down to. recovery is the part of the full rate
	// that comes back each second, so a bucket recovers in twenty seconds at most.
	lowest   = 1.0 / 64
	recovery = 0.05
)

// bucket is a token bucket for a provider, or for one of its endpoints: one token is one request.
// docs/decisions/0012-rate-gate.md says why it is not golang.org/x/time/rate.
type bucket struct {
	limit  float64       // requests a second, for all replicas together
	window time.Duration // over which the provider counts
	share  float64       // of the limit that is this replica's

	factor float64   // of the rate; refusals lower it
	cut    time.Time // when a refusal last lowered the factor
	tokens float64
	at     time.Time // when tokens was last brought up to date
}

func newBucket(limit float64, window time.Duration, share float64, now time.Time) *bucket {
	b := &bucket{limit: limit, window: window, share: share, factor: 1, at: now}
	b.tokens = b.burst()
	return b
}

// rate is the refill in requests a second.
func (b *bucket) rate() float64 { return even * b.limit * b.share * b.factor }

// burst is how many tokens the bucket holds: at least one.
func (b *bucket) burst() float64 {
	return max(1, (1-even)*b.limit*b.share*b.window.Seconds())
}

// refill brings the tokens and the factor up to date.
func (b *bucket) refill(now time.Time) {
	passed := max(now.Sub(b.at).Seconds(), 0)
	b.tokens = min(b.tokens+passed*b.rate(), b.burst())
	b.factor = min(b.factor+passed*recovery, 1)
	b.at = now
}

// divide sets the replica's share. Gathered tokens shrink with it.
func (b *bucket) divide(share float64, now time.Time) {
	b.refill(now)
	b.tokens = min(b.tokens*min(share/b.share, 1), b.burst())
	b.share = share
}

// slow halves the rate, at most once a second because refusals come in groups. It drops the gathered tokens: the
// provider has already counted them.
func (b *bucket) slow(now time.Time) {
	b.refill(now)
	b.tokens = min(b.tokens, 0)
	if now.Sub(b.cut) >= time.Second {
		b.factor, b.cut = max(b.factor/2, lowest), now
	}
}

// enough is how many tokens a request needs before it may go. Only an urgent one may take the last quarter of a burst.
func (b *bucket) enough(urgent bool) float64 {
	if urgent {
		return 1
	}
	return 1 + min(b.burst()/4, b.burst()-1)
}

// wait is how long until the bucket holds that many tokens. Call refill first.
func (b *bucket) wait(tokens float64) time.Duration {
	missing := tokens - b.tokens
	if missing <= 1e-9 {
		return 0
	}
	return time.Duration(math.Ceil(missing/b.rate()*1e6)) * time.Microsecond
}
