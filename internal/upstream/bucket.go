package upstream

import (
	"math"
	"time"
)

const (
	// even is the part of a limit that is spent evenly; the rest is for bursts. Whatever
	// the window in which the provider counts, even * window + the rest is the limit.
	even = 0.8
	// lowest is how far refusals can slow a bucket down, and recovery how much of the full
	// rate comes back in a second: all of it in twenty.
	lowest   = 1.0 / 64
	recovery = 0.05
)

// bucket is what may be asked of a provider, or of one of its endpoints, by now: tokens
// that come evenly, and are kept up to the size of a burst.
type bucket struct {
	limit  float64       // requests a second, of all replicas
	window time.Duration // in which the provider counts
	share  float64       // of this replica

	factor float64 // of the rate, lowered by refusals
	cut    time.Time
	tokens float64
	at     time.Time // of which tokens is the state
}

func newBucket(limit float64, window time.Duration, share float64, now time.Time) *bucket {
	b := &bucket{limit: limit, window: window, share: share, factor: 1, at: now}
	b.tokens = b.burst()
	return b
}

// rate is in requests a second.
func (b *bucket) rate() float64 { return even * b.limit * b.share * b.factor }

// burst is how many requests may follow at once: at least one.
func (b *bucket) burst() float64 {
	return max(1, (1-even)*b.limit*b.share*b.window.Seconds())
}

// refill adds what has come since.
func (b *bucket) refill(now time.Time) {
	passed := max(now.Sub(b.at).Seconds(), 0)
	b.tokens = min(b.tokens+passed*b.rate(), b.burst())
	b.factor = min(b.factor+passed*recovery, 1)
	b.at = now
}

// divide gives the replica another share. What it has gathered is less with it.
func (b *bucket) divide(share float64, now time.Time) {
	b.refill(now)
	b.tokens = min(b.tokens*min(share/b.share, 1), b.burst())
	b.share = share
}

// slow halves the rate, at most once a second: refusals come in flocks. What was
// gathered is gone: the provider has counted it.
func (b *bucket) slow(now time.Time) {
	b.refill(now)
	b.tokens = min(b.tokens, 0)
	if now.Sub(b.cut) >= time.Second {
		b.factor, b.cut = max(b.factor/2, lowest), now
	}
}

// enough is how many tokens must be there for a request of which nobody waits: the
// rest is kept for those of which somebody does.
func (b *bucket) enough(waited bool) float64 {
	if waited {
		return 1
	}
	return 1 + min(b.burst()/4, b.burst()-1)
}

// wait is how long until there are so many tokens, the bucket being refilled.
func (b *bucket) wait(tokens float64) time.Duration {
	missing := tokens - b.tokens
	if missing <= 1e-9 {
		return 0
	}
	return time.Duration(math.Ceil(missing/b.rate()*1e6)) * time.Microsecond
}
