package account

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Now returns the time in whole seconds: of the test clock in use, or else of
// the billing clock.
func (s *Account) Now() time.Time {
	if s.Clock != nil {
		return s.Clock.FrozenTime
	}
	return s.Real()
}

// Real returns the billing clock in whole seconds, even while a test clock is
// in use. Events and payment objects carry this time even on a test clock, as
// at Stripe ("expected behaviour", stripe-python issue 1183).
func (s *Account) Real() time.Time { return s.World.Now().Truncate(time.Second) }

// At sets a timer on the clock in use.
func (s *Account) At(due time.Time, kind, id string) {
	if s.Clock == nil {
		s.World.At(due, "stripe."+kind, id)
		return
	}
	timer := state.ClockTimer{Due: due, Sequence: s.World.Sequence(), Kind: kind, ID: id}
	place, _ := slices.BinarySearchFunc(s.Clock.Timers, timer, func(a, b state.ClockTimer) int {
		if order := a.Due.Compare(b.Due); order != 0 {
			return order
		}
		return int(int64(a.Sequence) - int64(b.Sequence))
	})
	s.Clock.Timers = slices.Insert(s.Clock.Timers, place, timer)
	if !due.After(s.Clock.FrozenTime) { // already due, though the clock stands still
		s.World.At(s.World.Now(), "stripe."+TimerClockDue, s.Clock.ID)
	}
}

// On runs f on the clock of the object with the id.
func (s *Account) On(id string, f func()) {
	before := s.Clock
	s.Clock = s.clockOf(id)
	defer func() { s.Clock = before }()
	f()
}

// Change runs f under the world's lock, on the clock of the object with the id.
// Actions that bypass the API use it.
func (s *Account) Change(id string, f func()) { s.World.Change(func() { s.On(id, f) }) }

// clocked lists the parameters that name an object whose clock a request uses.
var clocked = []string{"customer", "subscription", "from_subscription", "invoice", "payment_intent", "charge",
	"test_clock"}

// ClockOfCall returns the test clock of the object in a request's path, or of
// one that a parameter names. It returns nil for the billing clock.
func (s *Account) ClockOfCall(c *api.Call) *state.TestClock {
	if s.State.TestClocks.Len() == 0 {
		return nil
	}
	ids := slices.Clone(c.Path)
	for _, field := range clocked {
		if named := c.At.Child(field); named != nil {
			ids = append(ids, named.Value)
		}
	}
	for _, id := range ids {
		if clock := s.clockOf(id); clock != nil {
			return clock
		}
	}
	return nil
}

// clockOf returns the test clock of the object's customer, or nil.
func (s *Account) clockOf(id string) *state.TestClock {
	if s.State.TestClocks.Len() == 0 || id == "" {
		return nil
	}
	if clock := s.State.TestClocks.Get(id); clock != nil {
		return clock
	}
	if customer := s.State.Customers.Get(id); customer != nil {
		return s.State.TestClocks.Get(customer.TestClock)
	}
	if sub := s.State.Items[id]; sub != "" { // a subscription item
		return s.clockOf(sub)
	}
	about := s.Lookup(id)
	for _, owner := range []string{"customer", "subscription", "charge"} {
		if named, ok := about[owner].(string); ok && named != id {
			return s.clockOf(named)
		}
	}
	return nil
}

// clockName shows test_clock for an object of the customer.
func (s *Account) clockName(customer string) any {
	if owner := s.State.Customers.Get(customer); owner != nil {
		return api.OrNull(owner.TestClock)
	}
	return nil
}

// Listed reports whether a list includes an object of the customer. Stripe
// leaves out objects on test clocks, unless the list is restricted to that
// clock, to a customer or to a subscription.
func (s *Account) Listed(c *api.Call, customer, clock string) bool {
	owner := s.State.Customers.Get(customer)
	switch {
	case clock != "":
		return owner != nil && owner.TestClock == clock
	case c.Has("customer") || c.Has("subscription"):
		return true
	}
	return owner == nil || owner.TestClock == ""
}

// RunClock runs everything due on a test clock until a time, in order, each at
// its own time.
func (s *Account) RunClock(clock *state.TestClock, until time.Time) {
	s.Clock = clock
	defer func() { s.Clock = nil }()
	for len(clock.Timers) > 0 && !clock.Timers[0].Due.After(until) {
		next := clock.Timers[0]
		clock.Timers = slices.Delete(clock.Timers, 0, 1)
		clock.FrozenTime = state.Latest(clock.FrozenTime, next.Due)
		s.Runners[next.Kind](next.ID)
	}
	clock.FrozenTime = until
}
