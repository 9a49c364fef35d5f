package stripesim

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/schedule"
)

// clockTimer is a timer on a test clock; schedule.Timer tells the fields.
type clockTimer = schedule.Timer

// now is the time by which everything of the moment is dated, in whole seconds:
// of the test clock on which the customer in question lives, else the billing
// clock.
func (s *Stripe) now() time.Time {
	if s.clock != nil {
		return s.clock.FrozenTime
	}
	return s.real()
}

// real is the billing clock in whole seconds, whatever test clock is in use.
// Events, payments and what pays are dated by it even when they belong to a test
// clock, as Stripe does ("expected behaviour", stripe-python issue 1183).
func (s *Stripe) real() time.Time { return s.world.Now().Truncate(time.Second) }

// at sets a timer on the clock of the moment.
func (s *Stripe) at(due time.Time, kind, id string) {
	if s.clock == nil {
		s.world.At(due, "stripe."+kind, id)
		return
	}
	timer := clockTimer{Due: due, Sequence: s.world.Sequence(), Kind: kind, ID: id}
	place, _ := slices.BinarySearchFunc(s.clock.Timers, timer, func(a, b clockTimer) int {
		if order := a.Due.Compare(b.Due); order != 0 {
			return order
		}
		return int(int64(a.Sequence) - int64(b.Sequence))
	})
	s.clock.Timers = slices.Insert(s.clock.Timers, place, timer)
	if !due.After(s.clock.FrozenTime) { // it is due although the clock stands still
		s.world.At(s.world.Now(), "stripe."+timerClockDue, s.clock.ID)
	}
}

// on runs f by the clock on which the object with the id lives.
func (s *Stripe) on(id string, f func()) {
	before := s.clock
	s.clock = s.clockOf(id)
	defer func() { s.clock = before }()
	f()
}

// change runs f under the world's lock, by the clock of the object with the id:
// what an action does that does not come through the API.
func (s *Stripe) change(id string, f func()) { s.world.Change(func() { s.on(id, f) }) }

// clocked are the parameters that name an object whose clock a request runs by.
var clocked = []string{"customer", "subscription", "from_subscription", "invoice", "payment_intent", "charge",
	"test_clock"}

// clockOfCall finds the test clock that a request is about: of the object in its
// path, or of one that a parameter names. nil is the billing clock.
func (s *Stripe) clockOfCall(c *call) *TestClock {
	if s.state.TestClocks.Len() == 0 {
		return nil
	}
	ids := slices.Clone(c.path)
	for _, field := range clocked {
		if named := c.at.child(field); named != nil {
			ids = append(ids, named.value)
		}
	}
	for _, id := range ids {
		if clock := s.clockOf(id); clock != nil {
			return clock
		}
	}
	return nil
}

// clockOf finds the test clock on which an object lives: its customer's.
func (s *Stripe) clockOf(id string) *TestClock {
	if s.state.TestClocks.Len() == 0 || id == "" {
		return nil
	}
	if clock := s.state.TestClocks.Get(id); clock != nil {
		return clock
	}
	if customer := s.state.Customers.Get(id); customer != nil {
		return s.state.TestClocks.Get(customer.TestClock)
	}
	if sub := s.state.Items[id]; sub != "" { // an item of it
		return s.clockOf(sub)
	}
	about := s.lookup(id)
	for _, owner := range []string{"customer", "subscription", "charge"} {
		if named, ok := about[owner].(string); ok && named != id {
			return s.clockOf(named)
		}
	}
	return nil
}

// clockName is what test_clock shows on what belongs to a customer.
func (s *Stripe) clockName(customer string) any {
	if owner := s.state.Customers.Get(customer); owner != nil {
		return orNull(owner.TestClock)
	}
	return nil
}

// listed says whether a list shows what belongs to a customer: Stripe leaves out
// what lives on a test clock, unless the list is of that clock, or of one
// customer or subscription.
func (s *Stripe) listed(c *call, customer, clock string) bool {
	owner := s.state.Customers.Get(customer)
	switch {
	case clock != "":
		return owner != nil && owner.TestClock == clock
	case c.has("customer") || c.has("subscription"):
		return true
	}
	return owner == nil || owner.TestClock == ""
}

// runClock runs, in order and each at its own time, what is due on a test clock
// until it reaches a time.
func (s *Stripe) runClock(clock *TestClock, until time.Time) {
	s.clock = clock
	defer func() { s.clock = nil }()
	for len(clock.Timers) > 0 && !clock.Timers[0].Due.After(until) {
		next := clock.Timers[0]
		clock.Timers = slices.Delete(clock.Timers, 0, 1)
		clock.FrozenTime = latest(clock.FrozenTime, next.Due)
		s.runners[next.Kind](next.ID)
	}
	clock.FrozenTime = until
}
