package stripesim

import (
	"net/http"
	"slices"
	"time"
)

// The rules of test clocks are those of docs.stripe.com/billing/testing/test-clocks.
const (
	clockCustomers     = 3                      // that one clock may have
	clockSubscriptions = 3                      // that one customer on a clock may have
	clockIntervals     = 2                      // of the shortest subscription, that one advance may cover
	clockStarts        = 300 * time.Millisecond // from the request to advance until things begin to happen
	clockSettles       = time.Second            // from then on until the clock is ready
)

// clockLifetime is after what time a test clock deletes itself.
const clockLifetime = 30 * 24 * time.Hour

// TestClock is a time of its own for the customers that were created on it. It
// stands still until it is told to advance.
type TestClock struct {
	ID         string       `json:"id"`
	Created    time.Time    `json:"created"` // by the billing clock
	Name       string       `json:"name"`
	FrozenTime time.Time    `json:"frozen_time"`
	Target     time.Time    `json:"target_frozen_time"` // zero unless it is advancing
	Timers     []clockTimer `json:"timers"`             // by (due, sequence)
	Customers  []string     `json:"customers"`
}

// Key is the id.
func (t *TestClock) Key() string { return t.ID }

func (t *TestClock) advancing() bool { return !t.Target.IsZero() }

// An existing customer cannot be put on a clock: customer is not a parameter.
func (s *Stripe) testClockRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/test_helpers/test_clocks", "frozen_time name", s.createTestClock),
		op(http.MethodGet, "/v1/test_helpers/test_clocks", paging, s.listTestClocks),
		op(http.MethodGet, "/v1/test_helpers/test_clocks/{}", "", s.retrieveTestClock),
		op(http.MethodPost, "/v1/test_helpers/test_clocks/{}/advance", "frozen_time", s.advanceTestClock),
	}
}

func (s *Stripe) createTestClock(c *call) (object, error) {
	c.required("frozen_time")
	frozen, name := c.time("frozen_time"), c.text("name")
	if len(name) > 300 {
		c.fail(malformed("", "name", "A test clock's name can have up to 300 characters."))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	clock := s.state.TestClocks.Add(&TestClock{ID: s.world.NewID("clock_1", 23), Created: s.real(), Name: name,
		FrozenTime: frozen})
	s.world.At(clock.Created.Add(clockLifetime), "stripe."+timerClockExpire, clock.ID)
	s.emit("test_helpers.test_clock.created", s.showTestClock(clock), nil)
	return s.showTestClock(clock), nil
}

func (s *Stripe) listTestClocks(c *call) (object, error) {
	return paginate(c, s.state.TestClocks.Newest(), func(*TestClock) bool { return true }, s.showTestClock)
}

func (s *Stripe) retrieveTestClock(c *call) (object, error) {
	clock, err := s.testClock(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.showTestClock(clock), nil
}

func (s *Stripe) testClock(id, param string) (*TestClock, error) {
	if clock := s.state.TestClocks.Get(id); clock != nil {
		return clock, nil
	}
	return nil, noSuch("testclock", id, param)
}

// advanceTestClock begins to advance. What is due happens a moment later, and
// the clock is ready another moment after that: webhooks that go out in between
// find it still advancing, as they do at Stripe.
func (s *Stripe) advanceTestClock(c *call) (object, error) {
	clock, err := s.testClock(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	c.required("frozen_time")
	target := c.time("frozen_time")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	switch limit := s.clockLimit(clock); {
	case !target.After(clock.FrozenTime):
		return nil, invalid("frozen_time", "A test clock can only be advanced to a time after its current frozen time, %d.",
			clock.FrozenTime.Unix())
	case target.After(limit):
		return nil, invalid("frozen_time", "A test clock can be advanced by at most two intervals of its shortest subscription at a time (by two years when it has none), which is until %d.", limit.Unix())
	}
	clock.Target = target
	s.emit("test_helpers.test_clock.advancing", s.showTestClock(clock), nil)
	s.world.At(s.world.Now().Add(clockStarts), "stripe."+timerClockRuns, clock.ID)
	return s.showTestClock(clock), nil
}

// clockLimit is how far a clock may be advanced now.
func (s *Stripe) clockLimit(clock *TestClock) time.Time {
	var limit time.Time
	for _, id := range clock.Customers {
		for _, sub := range s.state.Subscriptions.Of(id) {
			if !sub.live() {
				continue
			}
			for _, item := range sub.Items {
				price := s.state.Prices.Get(item.Price)
				end := after(clock.FrozenTime, clock.FrozenTime, price.Interval, clockIntervals*price.count())
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

// clockDue runs what is due without an advance.
func (s *Stripe) clockDue(id string) {
	if clock := s.state.TestClocks.Get(id); clock != nil {
		s.runClock(clock, clock.FrozenTime)
	}
}

// clockRuns lets everything happen that is due until the target.
func (s *Stripe) clockRuns(id string) {
	clock := s.state.TestClocks.Get(id)
	if clock == nil || !clock.advancing() {
		return
	}
	s.runClock(clock, clock.Target)
	s.world.At(s.world.Now().Add(clockSettles), "stripe."+timerClockReady, clock.ID)
}

func (s *Stripe) clockReady(id string) {
	clock := s.state.TestClocks.Get(id)
	if clock == nil || !clock.advancing() {
		return
	}
	clock.Target = time.Time{}
	s.emit("test_helpers.test_clock.ready", s.showTestClock(clock), nil)
}

func (s *Stripe) removeTestClock(c *call) (object, error) {
	clock, err := s.testClock(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	s.deleteTestClock(clock)
	return object{"id": clock.ID, "object": "test_helpers.test_clock", "deleted": true}, nil
}

// deleteTestClock deletes the clock's customers, whose subscriptions end with
// them, and then the clock.
func (s *Stripe) deleteTestClock(clock *TestClock) {
	for _, id := range clock.Customers {
		if customer := s.state.Customers.Get(id); !customer.Deleted {
			s.on(id, func() { s.deleteCustomer(customer) })
		}
	}
	s.state.TestClocks.Remove(clock.ID)
	s.emit("test_helpers.test_clock.deleted", s.showTestClock(clock), nil)
}

func (s *Stripe) clockExpires(id string) {
	if clock := s.state.TestClocks.Get(id); clock != nil {
		s.deleteTestClock(clock)
	}
}

// joinClock puts a new customer on the clock that it names.
func (s *Stripe) joinClock(customer *Customer) {
	if clock := s.state.TestClocks.Get(customer.TestClock); clock != nil {
		clock.Customers = append(clock.Customers, customer.ID)
	}
}

// readClock reads the clock on which a customer is to live.
func (s *Stripe) readClock(p params) string {
	id := p.text("test_clock")
	if id == "" {
		return ""
	}
	clock := s.state.TestClocks.Get(id)
	switch {
	case clock == nil:
		p.fail(noSuch("testclock", id, "test_clock"))
	case len(clock.Customers) >= clockCustomers:
		p.fail(invalid("test_clock", "A test clock can have up to %d customers.", clockCustomers))
	}
	return id
}

// clockTakes refuses one subscription more than a customer on a clock may have.
func (s *Stripe) clockTakes(customer *Customer) *Error {
	ended := func(sub *Subscription) bool { return !sub.live() }
	if customer.TestClock == "" || len(slices.DeleteFunc(s.state.Subscriptions.Of(customer.ID),
		ended)) < clockSubscriptions {
		return nil
	}
	return invalid("customer", "A customer on a test clock can have up to %d subscriptions.", clockSubscriptions)
}

// underway refuses a change to what lives on a clock that is advancing. Stripe
// answers 429 as well.
func underway() *Error {
	failure := invalid("", "Test clock advancement underway - cannot perform modifications")
	failure.Status, failure.unstored = http.StatusTooManyRequests, true
	return failure
}

func (s *Stripe) showTestClock(t *TestClock) object {
	status, details := "ready", object{}
	if t.advancing() {
		status, details["advancing"] = "advancing", object{"target_frozen_time": t.Target.Unix()}
	}
	return object{"id": t.ID, "object": "test_helpers.test_clock", "created": t.Created.Unix(),
		"deletes_after": t.Created.Add(clockLifetime).Unix(),
		"frozen_time":   t.FrozenTime.Unix(), "livemode": false, "name": orNull(t.Name), "status": status,
		"status_details": details}
}
