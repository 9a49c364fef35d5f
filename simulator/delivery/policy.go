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

// Policy says how unreliably messages are delivered. Probabilities are between 0
// and 1 and apply to each delivery when it is queued. The zero value delivers
// everything at once, in causal order.
type Policy struct {
	Drop      float64 `json:"drop"`      // lost: no attempt, no retry; the event still exists
	Duplicate float64 `json:"duplicate"` // the same message is delivered twice
	// Twin repeats the content in a second message with another id (Stripe's "two
	// separate Event objects").
	Twin    float64 `json:"twin"`
	Shuffle float64 `json:"shuffle"` // delayed by up to MaxDelay, or up to a second if that is 0
	// MaxDelay delays every delivery by a random time up to it, which also reorders
	// them.
	MaxDelay time.Duration `json:"max_delay_ns"`
	// Unordered starts each delivery without waiting for the answer to the previous
	// one. That is faster, and deliveries may overtake each other.
	Unordered bool `json:"unordered"`
	// Hold keeps everything in the queue until SetPolicy is called without Hold.
	Hold bool `json:"hold"`
	// Order names one of the recorded Orders, for the messages of one request or
	// one automatic step; "" is causal order.
	Order string `json:"order"`
}

// Validate reports every invalid field, joined into one error.
func (p Policy) Validate() error {
	var problems []error
	for name, probability := range map[string]float64{"drop": p.Drop, "duplicate": p.Duplicate, "twin": p.Twin,
		"shuffle": p.Shuffle} {
		if probability < 0 || probability > 1 {
			problems = append(problems, fmt.Errorf("%s: %v is not a probability between 0 and 1", name, probability))
		}
	}
	if p.MaxDelay < 0 {
		problems = append(problems, fmt.Errorf("max_delay_ns: %d is negative", p.MaxDelay))
	}
	if p.Order != "" && Orders[p.Order] == nil {
		problems = append(problems, fmt.Errorf("order: %q is unknown; choose one of %s", p.Order,
			strings.Join(slices.Sorted(maps.Keys(Orders)), ", ")))
	}
	return errors.Join(problems...)
}

// fate is the policy's decision about one delivery.
type fate struct {
	dropped    bool
	duplicated bool
	delay      time.Duration
	echoDelay  time.Duration // from the first delivery to its duplicate
}

func (p Policy) decide(w *schedule.World, sequence uint64) fate {
	if p.Drop == 0 && p.Duplicate == 0 && p.Shuffle == 0 && p.MaxDelay == 0 {
		return fate{}
	}
	random := w.Rand("delivery", sequence)
	// Draw every number, whatever the policy, so that a changed probability does
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
