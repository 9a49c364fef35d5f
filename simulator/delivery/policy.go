package delivery

import (
	"cmp"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/schedule"
)

// Policy is how badly messages are delivered. The probabilities are between 0
// and 1 and drawn per delivery when it is queued. The zero value delivers
// everything at once, in causal order.
type Policy struct {
	Drop      float64 `json:"drop"`      // lost for good: no attempt, no retry; the event still exists
	Duplicate float64 `json:"duplicate"` // the same message is delivered twice
	Twin      float64 `json:"twin"`      // a second message with another id says the same (Stripe's "two separate Event objects")
	Shuffle   float64 `json:"shuffle"`   // leaves its place: held back by up to MaxDelay, or a second if that is 0
	// MaxDelay holds every delivery back by a random time up to it, which reorders them too.
	MaxDelay time.Duration `json:"max_delay_ns"`
	// Unordered starts deliveries without waiting a moment for the answer to the
	// one before, which is faster and lets them overtake each other on the network.
	Unordered bool `json:"unordered"`
	// Hold queues everything until a policy without Hold is set.
	Hold bool `json:"hold"`
}

// fate is what the policy decided about one delivery.
type fate struct {
	dropped    bool
	duplicated bool
	delay      time.Duration
	echoDelay  time.Duration // of the duplicate, after the first
}

func (p Policy) decide(w *schedule.World, sequence uint64) fate {
	if p.Drop == 0 && p.Duplicate == 0 && p.Shuffle == 0 && p.MaxDelay == 0 {
		return fate{}
	}
	random := w.Rand("delivery", sequence)
	// Every number is drawn, whatever the policy: a changed probability must
	// not change the other choices of the same seed.
	drop, duplicate, shuffle := random.Float64(), random.Float64(), random.Float64()
	delay, swap, echo := random.Float64(), random.Float64(), random.Float64()
	span := cmp.Or(p.MaxDelay, time.Second)
	decided := fate{
		dropped:    drop < p.Drop,
		duplicated: duplicate < p.Duplicate,
		delay:      time.Duration(delay * float64(p.MaxDelay)),
		echoDelay:  time.Duration(echo * float64(span)),
	}
	if shuffle < p.Shuffle {
		decided.delay += time.Duration(swap * float64(span))
	}
	return decided
}
