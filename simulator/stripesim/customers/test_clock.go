package customers

import (
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// The rules of docs.stripe.com/billing/testing/test-clocks.
const (
	clockCustomers     = 3                      // per clock
	clockSubscriptions = 3                      // per customer on a clock
	clockIntervals     = 2                      // of the shortest subscription, per advance
	clockStarts        = 300 * time.Millisecond // from the request until the first timer runs
	clockSettles       = time.Second            // from then until the clock is ready
)

// An existing customer cannot join a clock, so customer is not a parameter.
func (s *Customers) testClockRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/test_helpers/test_clocks", "frozen_time name", s.createTestClock),
		api.Op(http.MethodGet, "/v1/test_helpers/test_clocks", api.Paging, s.listTestClocks),
		api.Op(http.MethodGet, "/v1/test_helpers/test_clocks/{}", "", s.retrieveTestClock),
		api.Op(http.MethodPost, "/v1/test_helpers/test_clocks/{}/advance", "frozen_time", s.advanceTestClock),
	}
}

func (s *Customers) createTestClock(c *api.Call) (api.Object, error) {
	c.Required("frozen_time")
	frozen, name := c.Time("frozen_time"), c.Text("name")
	if len(name) > 300 {
		c.Fail(api.Malformed("", "name", "A test clock's name can have up to 300 characters."))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	clock := s.State.TestClocks.Add(&state.TestClock{ID: s.World.NewID("clock_1", 23), Created: s.Real(), Name: name,
		FrozenTime: frozen})
	s.World.At(clock.Created.Add(account.ClockLifetime), "stripe."+account.TimerClockExpire, clock.ID)
	s.Events.Emit("test_helpers.test_clock.created", s.ShowTestClock(clock), nil)
	return s.ShowTestClock(clock), nil
}

func (s *Customers) listTestClocks(c *api.Call) (api.Object, error) {
	return api.Paginate(c, s.State.TestClocks.Newest(), func(*state.TestClock) bool { return true }, s.ShowTestClock)
}

func (s *Customers) retrieveTestClock(c *api.Call) (api.Object, error) {
	clock, err := s.TestClock(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.ShowTestClock(clock), nil
}

// TestClock returns a test clock, or an error about the parameter.
func (s *Customers) TestClock(id, param string) (*state.TestClock, error) {
	if clock := s.State.TestClocks.Get(id); clock != nil {
		return clock, nil
	}
	return nil, api.NoSuch("testclock", id, param)
}

// advanceTestClock starts an advance. Timers run a moment later, and the clock
// is ready another moment after that. Webhooks sent in between find the clock
// still advancing, as at Stripe.
func (s *Customers) advanceTestClock(c *api.Call) (api.Object, error) {
	clock, err := s.TestClock(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	c.Required("frozen_time")
	target := c.Time("frozen_time")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	switch limit := s.clockLimit(clock); {
	case !target.After(clock.FrozenTime):
		return nil, api.Invalid("frozen_time", "A test clock can only be advanced to a time after its current frozen time, %d.",
			clock.FrozenTime.Unix())
	case target.After(limit):
		return nil, api.Invalid("frozen_time", "A test clock can be advanced by at most two intervals of its shortest subscription at a time (by two years when it has none), which is until %d.", limit.Unix())
	}
	clock.Target = target
	s.Events.Emit("test_helpers.test_clock.advancing", s.ShowTestClock(clock), nil)
	s.World.At(s.World.Now().Add(clockStarts), "stripe."+account.TimerClockRuns, clock.ID)
	return s.ShowTestClock(clock), nil
}

// clockLimit returns how far a clock may be advanced now.
func (s *Customers) clockLimit(clock *state.TestClock) time.Time {
	var limit time.Time
	for _, id := range clock.Customers {
		for _, sub := range s.State.Subscriptions.Of(id) {
			if !sub.Live() {
				continue
			}
			for _, item := range sub.Items {
				price := s.State.Prices.Get(item.Price)
				end := state.After(clock.FrozenTime, clock.FrozenTime, price.Interval, clockIntervals*price.Count())
				if limit.IsZero() || end.Before(limit) {
					limit = end
				}
			}
		}
	}
	if limit.IsZero() {
		return clock.FrozenTime.AddDate(2, 0, 0)
	}
	return limit
}

// clockDue runs what is due although the clock stands still.
func (s *Customers) clockDue(id string) {
	if clock := s.State.TestClocks.Get(id); clock != nil {
		s.RunClock(clock, clock.FrozenTime)
	}
}

// clockRuns runs everything due until the target.
func (s *Customers) clockRuns(id string) {
	clock := s.State.TestClocks.Get(id)
	if clock == nil || !clock.Advancing() {
		return
	}
	s.RunClock(clock, clock.Target)
	s.World.At(s.World.Now().Add(clockSettles), "stripe."+account.TimerClockReady, clock.ID)
}

func (s *Customers) clockReady(id string) {
	clock := s.State.TestClocks.Get(id)
	if clock == nil || !clock.Advancing() {
		return
	}
	clock.Target = time.Time{}
	s.Events.Emit("test_helpers.test_clock.ready", s.ShowTestClock(clock), nil)
}

// joinClock adds a new customer to the clock that it names.
func (s *Customers) joinClock(customer *state.Customer) {
	if clock := s.State.TestClocks.Get(customer.TestClock); clock != nil {
		clock.Customers = append(clock.Customers, customer.ID)
	}
}

// readClock reads the clock of a new customer.
func (s *Customers) readClock(p api.Params) string {
	id := p.Text("test_clock")
	if id == "" {
		return ""
	}
	clock := s.State.TestClocks.Get(id)
	switch {
	case clock == nil:
		p.Fail(api.NoSuch("testclock", id, "test_clock"))
	case len(clock.Customers) >= clockCustomers:
		p.Fail(api.Invalid("test_clock", "A test clock can have up to %d customers.", clockCustomers))
	}
	return id
}

// RefuseOnClock returns the error for one subscription too many on a test clock,
// or nil.
func (s *Customers) RefuseOnClock(customer *state.Customer) *api.Error {
	ended := func(sub *state.Subscription) bool { return !sub.Live() }
	if customer.TestClock == "" || len(slices.DeleteFunc(s.State.Subscriptions.Of(customer.ID),
		ended)) < clockSubscriptions {
		return nil
	}
	return api.Invalid("customer", "A customer on a test clock can have up to %d subscriptions.", clockSubscriptions)
}

// ClockAdvancing returns the error for a change on a clock that is advancing. Stripe
// answers 429 too.
func ClockAdvancing() *api.Error {
	failure := api.Invalid("", "Test clock advancement underway - cannot perform modifications")
	failure.Status, failure.Unstored = http.StatusTooManyRequests, true
	return failure
}
