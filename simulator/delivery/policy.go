package delivery

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/schedule"
)

// Policy is how badly messages are delivered. The probabilities are between 0
// and 1 and drawn per delivery when it is queued. The zero value delivers
// everything at once, in causal order.
type Policy struct {
	Drop      float64 `json:"drop"`      // lost for good: no attempt, no retry; the event still exists
	Duplicate float64 `json:"duplicate"` // the same message is delivered twice
	// a second message with another id says the same (Stripe's "two separate Event objects")
	Twin    float64 `json:"twin"`
	Shuffle float64 `json:"shuffle"` // leaves its place: held back by up to MaxDelay, or a second if that is 0
	// MaxDelay holds every delivery back by a random time up to it, which reorders them too.
	MaxDelay time.Duration `json:"max_delay_ns"`
	// Unordered starts deliveries without waiting a moment for the answer to the
	// one before, which is faster and lets them overtake each other on the network.
	Unordered bool `json:"unordered"`
	// Hold queues everything until a policy without Hold is set.
	Hold bool `json:"hold"`
	// Order delivers what one request or one automatic step causes in one of the
	// recorded Orders; "" is causal.
	Order string `json:"order"`
}

// Validate reports what no policy may say.
func (p Policy) Validate() error {
	var problems []error
	for name, probability := range map[string]float64{"drop": p.Drop, "duplicate": p.Duplicate, "twin": p.Twin,
		"shuffle": p.Shuffle} {
		if probability < 0 || probability > 1 {
			problems = append(problems, fmt.Errorf("%s is %v, not a probability", name, probability))
		}
	}
	if p.MaxDelay < 0 {
		problems = append(problems, fmt.Errorf("max_delay_ns is %d", p.MaxDelay))
	}
	if p.Order != "" && Orders[p.Order] == nil {
		problems = append(problems, fmt.Errorf("there is no recorded order %q, only %s", p.Order,
			strings.Join(slices.Sorted(maps.Keys(Orders)), ", ")))
	}
	return errors.Join(problems...)
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
