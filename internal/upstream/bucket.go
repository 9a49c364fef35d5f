package upstream

import (
	"math"
	"time"
)

const (
	// even is the part of a limit that refills the tokens for bursts; the rest is the size of a burst. steady is the
	// same for the tokens of constant load. A full count plus one window's refill is then exactly the limit, wherever
	// the provider's window starts.
	even, steady = 0.8, 0.9
	// lowest is the smallest factor that refusals can slow a bucket down to. recovery is the part of the full rate
	// that comes back each second, so a bucket recovers in twenty seconds at most.
	lowest   = 1.0 / 64
	recovery = 0.05
)

// bucket is a token bucket for a provider, or for one of its endpoints: one token is one request. It keeps two counts,
// and a request may go if either has enough. tokens allow a large burst, and then four fifths of the limit. steady
// allows a small burst, and then nine tenths. docs/decisions/0023-two-counts-of-tokens.md shows that this keeps the
// limit, and 0012-rate-gate.md why it is not golang.org/x/time/rate.
type bucket struct {
	limit  float64       // requests a second, for all replicas together
	window time.Duration // over which the provider counts
	share  float64       // of the limit that is this replica's

	factor float64   // of the rate; refusals lower it
	cut    time.Time // when a refusal last lowered the factor
	tokens float64   // for bursts
	steady float64   // for constant load
	at     time.Time // when the counts were last brought up to date
}

func newBucket(limit float64, window time.Duration, share float64, now time.Time) *bucket {
	b := &bucket{limit: limit, window: window, share: share, factor: 1, at: now}
	b.tokens, b.steady = b.burst(), b.steadyBurst()
	return b
}

// whole is how many requests this replica may make in a window.
func (b *bucket) whole() float64 { return b.limit * b.share * b.window.Seconds() }

// burst is how many tokens for bursts the bucket holds: at least one.
func (b *bucket) burst() float64 { return max(1, (1-even)*b.whole()) }

// steadyBurst is how many steady tokens the bucket holds: at least one.
func (b *bucket) steadyBurst() float64 { return max(1, (1-steady)*b.whole()) }

// burstRate is the refill of the tokens for bursts, in requests a second.
func (b *bucket) burstRate() float64 { return even * b.limit * b.share * b.factor }

// rate is the refill of the steady tokens, in requests a second: as much as the steady burst leaves of the limit.
func (b *bucket) rate() float64 {
	return max(even, 1-b.steadyBurst()/b.whole()) * b.limit * b.share * b.factor
}

// refill brings the counts and the factor up to date.
func (b *bucket) refill(now time.Time) {
	passed := max(now.Sub(b.at).Seconds(), 0)
	b.tokens = min(b.tokens+passed*b.burstRate(), b.burst())
	b.steady = min(b.steady+passed*b.rate(), b.steadyBurst())
	b.factor = min(b.factor+passed*recovery, 1)
	b.at = now
}

// divide sets the replica's share. Gathered tokens shrink with it.
func (b *bucket) divide(share float64, now time.Time) {
	b.refill(now)
	shrunk := min(share/b.share, 1)
	b.tokens, b.steady = b.tokens*shrunk, b.steady*shrunk
	b.share = share
}

// take spends a token. If only a steady one was left, the tokens for bursts stay at zero: a debt would grow as long as
// the load lasts, and leave nothing for a burst long after it.
func (b *bucket) take() {
	b.tokens = max(b.tokens-1, min(b.tokens, 0))
	b.steady--
}

// drain leaves at most that many tokens.
func (b *bucket) drain(tokens float64) {
	b.tokens, b.steady = min(b.tokens, tokens), min(b.steady, tokens)
}

// slow halves the rate, at most once a second because refusals come in groups. It drops the gathered tokens: the
// provider has already counted them.
func (b *bucket) slow(now time.Time) {
	b.refill(now)
	b.drain(0)
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

// wait is how long until one of the counts has that many tokens. Call refill first.
func (b *bucket) wait(tokens float64) time.Duration {
	wait := until(tokens-b.tokens, b.burstRate())
	if tokens <= b.steadyBurst() {
		wait = min(wait, until(tokens-b.steady, b.rate()))
	}
	return wait
}

// until is how long missing tokens take to arrive.
func until(missing, rate float64) time.Duration {
	if missing <= 1e-9 {
		return 0
	}
	return time.Duration(math.Ceil(missing/rate*1e6)) * time.Microsecond
}
