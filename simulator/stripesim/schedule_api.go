package stripesim

import (
	"net/http"
	"slices"
	"time"
)

func (s *Stripe) scheduleRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/subscription_schedules",
			"customer start_date end_behavior phases metadata from_subscription default_settings billing_mode",
			s.createSchedule),
		op(http.MethodGet, "/v1/subscription_schedules", "customer created canceled_at completed_at released_at scheduled"+paging, s.listSchedules),
		op(http.MethodGet, "/v1/subscription_schedules/{}", "", s.retrieveSchedule),
		op(http.MethodPost, "/v1/subscription_schedules/{}",
			"end_behavior phases metadata proration_behavior default_settings", s.updateSchedule),
		op(http.MethodPost, "/v1/subscription_schedules/{}/cancel", "invoice_now prorate", s.cancelSchedule),
		op(http.MethodPost, "/v1/subscription_schedules/{}/release", "preserve_cancel_date", s.releaseScheduleNow),
	}
}

// createSchedule makes a schedule of phases, or of a subscription that runs.
func (s *Stripe) createSchedule(c *call) (object, error) {
	schedule := &Schedule{Status: "not_started", EndBehavior: c.enum("end_behavior", "release", "release", "cancel"),
		Metadata:    c.metadata(nil),
		BillingMode: readBillingMode(c.params)}
	s.readDefaults(c.params, schedule)
	if c.has("from_subscription") {
		return s.scheduleFrom(c, schedule)
	}
	customerID := c.required("customer")
	begins := s.now()
	if c.has("start_date") {
		begins = s.readMoment(c.params, "start_date")
	}
	if begins.Before(s.now()) {
		c.fail(invalid("start_date", "The simulator does not backdate: `start_date` must not be in the past."))
	}
	schedule.Phases = s.readPhases(c.params, begins, schedule.BillingMode == "flexible")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.liveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	if failure := s.clockTakes(customer); failure != nil {
		return nil, failure
	}
	if failure := s.refuseCurrency(customer, s.state.Prices.Get(
		schedule.Phases[0].Items[0].Price).Currency); failure != nil {
		return nil, failure
	}
	schedule.Customer = customer.ID
	s.addSchedule(schedule)
	if begins.After(s.now()) {
		s.scheduleTimers(schedule)
		s.emit("subscription_schedule.created", s.showSchedule(schedule), nil)
		return s.showSchedule(schedule), nil
	}
	s.startSchedule(schedule)
	s.emit("subscription_schedule.created", s.showSchedule(schedule), nil)
	return s.showSchedule(schedule), nil
}

func (s *Stripe) addSchedule(schedule *Schedule) {
	schedule.ID, schedule.Created = s.world.NewID("sub_sched_1", 23), s.now()
	s.state.Schedules.Add(schedule)
}

// scheduleFrom puts a running subscription under a schedule with one phase: its
// current period as it is.
func (s *Stripe) scheduleFrom(c *call, schedule *Schedule) (object, error) {
	if !onlyAllowed(c.params, "from_subscription") {
		c.fail(invalid("from_subscription", "You can not set other parameters with `from_subscription`: update the schedule afterwards."))
	}
	id := c.required("from_subscription")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	sub := s.state.Subscriptions.Get(id)
	switch {
	case sub == nil:
		return nil, noSuch("subscription", id, "from_subscription")
	case sub.Schedule != "":
		return nil, invalid("from_subscription", "You cannot migrate a subscription that is already attached to a schedule: %s.", sub.Schedule)
	case !slices.Contains([]string{"active", "trialing", "past_due"}, sub.Status):
		return nil, invalid("from_subscription", "A subscription that is %s cannot be put under a schedule.", sub.Status)
	}
	phase := Phase{Start: sub.Items[0].PeriodStart, End: sub.PeriodEnd(), Proration: "create_prorations"}
	if sub.Status == "trialing" {
		phase.TrialEnd = sub.TrialEnd
	}
	for _, item := range sub.Items {
		phase.Items = append(phase.Items, PhaseItem{Price: item.Price, Quantity: item.Quantity, Metadata: item.Metadata})
	}
	schedule.Customer, schedule.Subscription, schedule.Status, schedule.Phases = sub.Customer, sub.ID, "active",
		[]Phase{phase}
	schedule.BillingMode, schedule.CollectionMethod, schedule.DaysUntilDue = sub.mode(), sub.CollectionMethod,
		sub.DaysUntilDue
	s.addSchedule(schedule)
	s.scheduleTimers(schedule)
	s.emit("subscription_schedule.created", s.showSchedule(schedule), nil)
	s.changeSubscription(sub, func() { sub.Schedule = schedule.ID })
	return s.showSchedule(schedule), nil
}

// foundSchedule returns the schedule of the path.
func (s *Stripe) foundSchedule(c *call) (*Schedule, *Error) {
	schedule := s.state.Schedules.Get(c.path[0])
	if schedule == nil {
		return nil, noSuch("subscription_schedule", c.path[0], "id")
	}
	return schedule, c.failed()
}

// liveSchedule returns the schedule of the path if it can be changed.
func (s *Stripe) liveSchedule(c *call) (*Schedule, *Error) {
	schedule, failure := s.foundSchedule(c)
	if failure == nil && !schedule.live() {
		failure = invalid("", "You cannot change a subscription schedule that is %s.", schedule.Status)
	}
	return schedule, failure
}

func (s *Stripe) retrieveSchedule(c *call) (object, error) {
	schedule, failure := s.foundSchedule(c)
	if failure != nil {
		return nil, failure
	}
	return s.showSchedule(schedule), nil
}

func (s *Stripe) listSchedules(c *call) (object, error) {
	customer, scheduled := c.text("customer"), c.boolean("scheduled", false)
	created, canceled, completed, released := createdFilter(c), timeFilter(c, "canceled_at"),
		timeFilter(c, "completed_at"), timeFilter(c, "released_at")
	passes := func(field string, at time.Time, filter func(time.Time) bool) bool {
		return !c.has(field) || !at.IsZero() && filter(at)
	}
	candidates := s.state.Schedules.Newest()
	if customer != "" {
		candidates = newestOf(s.state.Schedules.Of(customer))
	}
	return paginate(c, candidates, func(schedule *Schedule) bool {
		return s.listed(c, schedule.Customer, "") && created(schedule.Created) &&
			(!scheduled || schedule.Status == "not_started") &&
			passes("canceled_at", schedule.CanceledAt, canceled) && passes("completed_at", schedule.CompletedAt, completed) &&
			passes("released_at", schedule.ReleasedAt, released)
	}, s.showSchedule)
}

// updateSchedule replaces the phases from the current one on. A current phase
// that changes changes the subscription at once.
func (s *Stripe) updateSchedule(c *call) (object, error) {
	schedule, failure := s.liveSchedule(c)
	if failure != nil {
		return nil, failure
	}
	changed := *schedule
	changed.EndBehavior = c.enum("end_behavior", schedule.EndBehavior, "release", "cancel")
	changed.Metadata = c.metadata(schedule.Metadata)
	proration := readProration(c.params)
	s.readDefaults(c.params, &changed)
	if c.has("phases") {
		s.readNewPhases(c, &changed)
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	before := s.showSchedule(schedule)
	sub := s.state.Subscriptions.Get(schedule.Subscription)
	if sub == nil {
		*schedule = changed
	} else {
		s.changeSubscription(sub, func() { *schedule = changed }) // its cancel_at may follow
	}
	if c.has("phases") {
		s.scheduleTimers(schedule)
	}
	if sub != nil && c.has("phases") {
		s.enterPhase(sub, schedule.Phases[schedule.Current], proration)
	}
	s.emitUpdate("subscription_schedule.updated", before, s.showSchedule(schedule))
	return s.showSchedule(schedule), nil
}

// readNewPhases reads phases that begin with the current one, whose start cannot
// change, and finds out which of them is current then.
func (s *Stripe) readNewPhases(c *call, schedule *Schedule) {
	first := schedule.Phases[0].Start
	if schedule.Status == "active" {
		first = schedule.Phases[schedule.Current].Start
	}
	if list := c.list("phases"); schedule.Status == "not_started" && len(list) > 0 && list[0].has("start_date") {
		if first = s.readMoment(list[0], "start_date"); first.Before(s.now()) {
			c.fail(invalid("phases[0][start_date]", "The simulator does not backdate: `start_date` must not be in the past."))
		}
	}
	phases := s.readPhases(c.params, first, schedule.BillingMode == "flexible")
	if c.failed() != nil {
		return
	}
	current := slices.IndexFunc(phases, func(phase Phase) bool { return phase.End.After(s.now()) })
	if current < 0 {
		c.fail(invalid("phases", "The last phase must end in the future."))
		return
	}
	if schedule.Status == "active" {
		schedule.Current = current
	}
	schedule.Phases = phases
}

// cancelSchedule ends the schedule and its subscription at once.
func (s *Stripe) cancelSchedule(c *call) (object, error) {
	schedule, failure := s.liveSchedule(c)
	if failure != nil {
		return nil, failure
	}
	invoiceNow, prorate := c.boolean("invoice_now", true), c.boolean("prorate", true)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	sub := s.state.Subscriptions.Get(schedule.Subscription)
	if sub != nil && sub.live() {
		s.endSubscription(sub, invoiceNow, prorate) // and the schedule with it
	} else {
		// What never began is aborted: so Stripe's CLI causes that event.
		schedule.Status, schedule.CanceledAt = "canceled", s.now()
		s.emit("subscription_schedule.aborted", s.showSchedule(schedule), nil)
	}
	return s.showSchedule(schedule), nil
}

// releaseScheduleNow lets the subscription go on by itself; with
// preserve_cancel_date it still ends when the schedule would have ended it.
func (s *Stripe) releaseScheduleNow(c *call) (object, error) {
	schedule, failure := s.liveSchedule(c)
	if failure != nil {
		return nil, failure
	}
	preserve := c.boolean("preserve_cancel_date", false)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	s.releaseSchedule(schedule, preserve)
	return s.showSchedule(schedule), nil
}
