package billing

import (
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Billing) scheduleRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/subscription_schedules",
			"customer start_date end_behavior phases metadata from_subscription default_settings billing_mode",
			s.createSchedule),
		api.Op(http.MethodGet, "/v1/subscription_schedules", "customer created canceled_at completed_at released_at scheduled"+api.Paging, s.listSchedules),
		api.Op(http.MethodGet, "/v1/subscription_schedules/{}", "", s.retrieveSchedule),
		api.Op(http.MethodPost, "/v1/subscription_schedules/{}",
			"end_behavior phases metadata proration_behavior default_settings", s.updateSchedule),
		api.Op(http.MethodPost, "/v1/subscription_schedules/{}/cancel", "invoice_now prorate", s.cancelSchedule),
		api.Op(http.MethodPost, "/v1/subscription_schedules/{}/release", "preserve_cancel_date", s.releaseScheduleNow),
	}
}

// createSchedule creates a schedule from phases, or from a running
// subscription.
func (s *Billing) createSchedule(c *api.Call) (api.Object, error) {
	schedule := &state.Schedule{Status: "not_started",
		EndBehavior: c.Enum("end_behavior", "release", "release", "cancel"), Metadata: c.Metadata(nil),
		BillingMode: ReadBillingMode(c.Params)}
	s.readDefaults(c.Params, schedule)
	if c.Has("from_subscription") {
		return s.scheduleFrom(c, schedule)
	}
	customerID := c.Required("customer")
	begins := s.Now()
	if c.Has("start_date") {
		begins = s.readMoment(c.Params, "start_date")
	}
	if begins.Before(s.Now()) {
		c.Fail(api.Invalid("start_date", "The simulator does not backdate: `start_date` must not be in the past."))
	}
	schedule.Phases = s.readPhases(c.Params, begins, schedule.BillingMode == "flexible")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.LiveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	if failure := s.Customers.RefuseOnClock(customer); failure != nil {
		return nil, failure
	}
	if failure := s.RefuseCurrency(customer, s.State.Prices.Get(
		schedule.Phases[0].Items[0].Price).Currency); failure != nil {
		return nil, failure
	}
	schedule.Customer = customer.ID
	s.addSchedule(schedule)
	if begins.After(s.Now()) {
		s.scheduleTimers(schedule)
		s.Events.Emit("subscription_schedule.created", s.ShowSchedule(schedule), nil)
		return s.ShowSchedule(schedule), nil
	}
	s.startSchedule(schedule)
	s.Events.Emit("subscription_schedule.created", s.ShowSchedule(schedule), nil)
	return s.ShowSchedule(schedule), nil
}

func (s *Billing) addSchedule(schedule *state.Schedule) {
	schedule.ID, schedule.Created = s.World.NewID("sub_sched_1", 23), s.Now()
	s.State.Schedules.Add(schedule)
}

// scheduleFrom puts a running subscription under a schedule whose only phase is
// the current period.
func (s *Billing) scheduleFrom(c *api.Call, schedule *state.Schedule) (api.Object, error) {
	if !onlyAllowed(c.Params, "from_subscription") {
		c.Fail(api.Invalid("from_subscription", "You can not set other parameters with `from_subscription`: update the schedule afterwards."))
	}
	id := c.Required("from_subscription")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	sub := s.State.Subscriptions.Get(id)
	switch {
	case sub == nil:
		return nil, api.NoSuch("subscription", id, "from_subscription")
	case sub.Schedule != "":
		return nil, api.Invalid("from_subscription", "You cannot migrate a subscription that is already attached to a schedule: %s.", sub.Schedule)
	case !slices.Contains([]string{"active", "trialing", "past_due"}, sub.Status):
		return nil, api.Invalid("from_subscription", "A subscription that is %s cannot be put under a schedule.", sub.Status)
	}
	phase := state.Phase{Start: sub.Items[0].PeriodStart, End: sub.PeriodEnd(), Proration: "create_prorations"}
	if sub.Status == "trialing" {
		phase.TrialEnd = sub.TrialEnd
	}
	for _, item := range sub.Items {
		phase.Items = append(phase.Items, state.PhaseItem{Price: item.Price, Quantity: item.Quantity,
			Metadata: item.Metadata})
	}
	schedule.Customer, schedule.Subscription, schedule.Status, schedule.Phases = sub.Customer, sub.ID, "active",
		[]state.Phase{phase}
	schedule.BillingMode, schedule.CollectionMethod, schedule.DaysUntilDue = sub.Mode(), sub.CollectionMethod,
		sub.DaysUntilDue
	s.addSchedule(schedule)
	s.scheduleTimers(schedule)
	s.Events.Emit("subscription_schedule.created", s.ShowSchedule(schedule), nil)
	s.ChangeSubscription(sub, func() { sub.Schedule = schedule.ID })
	return s.ShowSchedule(schedule), nil
}

// scheduleInPath returns the schedule in the path.
func (s *Billing) scheduleInPath(c *api.Call) (*state.Schedule, *api.Error) {
	schedule := s.State.Schedules.Get(c.Path[0])
	if schedule == nil {
		return nil, api.NoSuch("subscription_schedule", c.Path[0], "id")
	}
	return schedule, c.Failed()
}

// liveSchedule returns the schedule in the path if it can be changed.
func (s *Billing) liveSchedule(c *api.Call) (*state.Schedule, *api.Error) {
	schedule, failure := s.scheduleInPath(c)
	if failure == nil && !schedule.Live() {
		failure = api.Invalid("", "You cannot change a subscription schedule that is %s.", schedule.Status)
	}
	return schedule, failure
}

func (s *Billing) retrieveSchedule(c *api.Call) (api.Object, error) {
	schedule, failure := s.scheduleInPath(c)
	if failure != nil {
		return nil, failure
	}
	return s.ShowSchedule(schedule), nil
}

func (s *Billing) listSchedules(c *api.Call) (api.Object, error) {
	customer, scheduled := c.Text("customer"), c.Boolean("scheduled", false)
	created, canceled, completed, released := api.CreatedFilter(c), api.TimeFilter(c, "canceled_at"),
		api.TimeFilter(c, "completed_at"), api.TimeFilter(c, "released_at")
	passes := func(field string, at time.Time, filter func(time.Time) bool) bool {
		return !c.Has(field) || !at.IsZero() && filter(at)
	}
	candidates := s.State.Schedules.Newest()
	if customer != "" {
		candidates = api.NewestOf(s.State.Schedules.Of(customer))
	}
	return api.Paginate(c, candidates, func(schedule *state.Schedule) bool {
		return s.Listed(c, schedule.Customer, "") && created(schedule.Created) &&
			(!scheduled || schedule.Status == "not_started") &&
			passes("canceled_at", schedule.CanceledAt, canceled) && passes("completed_at", schedule.CompletedAt, completed) &&
			passes("released_at", schedule.ReleasedAt, released)
	}, s.ShowSchedule)
}

// updateSchedule replaces the phases from the current one on. A change of the
// current phase changes the subscription at once.
func (s *Billing) updateSchedule(c *api.Call) (api.Object, error) {
	schedule, failure := s.liveSchedule(c)
	if failure != nil {
		return nil, failure
	}
	changed := *schedule
	changed.EndBehavior = c.Enum("end_behavior", schedule.EndBehavior, "release", "cancel")
	changed.Metadata = c.Metadata(schedule.Metadata)
	proration := readProration(c.Params)
	s.readDefaults(c.Params, &changed)
	if c.Has("phases") {
		s.readNewPhases(c, &changed)
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	before := s.ShowSchedule(schedule)
	sub := s.State.Subscriptions.Get(schedule.Subscription)
	if sub == nil {
		*schedule = changed
	} else {
		s.ChangeSubscription(sub, func() { *schedule = changed }) // its cancel_at may change with it
	}
	if c.Has("phases") {
		s.scheduleTimers(schedule)
	}
	if sub != nil && c.Has("phases") {
		s.enterPhase(sub, schedule.Phases[schedule.Current], proration)
	}
	s.Events.EmitUpdate("subscription_schedule.updated", before, s.ShowSchedule(schedule))
	return s.ShowSchedule(schedule), nil
}

// readNewPhases reads phases that start with the current one, whose start
// cannot change. It sets which of them is current.
func (s *Billing) readNewPhases(c *api.Call, schedule *state.Schedule) {
	first := schedule.Phases[0].Start
	if schedule.Status == "active" {
		first = schedule.Phases[schedule.Current].Start
	}
	if list := c.List("phases"); schedule.Status == "not_started" && len(list) > 0 && list[0].Has("start_date") {
		if first = s.readMoment(list[0], "start_date"); first.Before(s.Now()) {
			c.Fail(api.Invalid("phases[0][start_date]", "The simulator does not backdate: `start_date` must not be in the past."))
		}
	}
	phases := s.readPhases(c.Params, first, schedule.BillingMode == "flexible")
	if c.Failed() != nil {
		return
	}
	current := slices.IndexFunc(phases, func(phase state.Phase) bool { return phase.End.After(s.Now()) })
	if current < 0 {
		c.Fail(api.Invalid("phases", "The last phase must end in the future."))
		return
	}
	if schedule.Status == "active" {
		schedule.Current = current
	}
	schedule.Phases = phases
}

// cancelSchedule ends the schedule and its subscription at once.
func (s *Billing) cancelSchedule(c *api.Call) (api.Object, error) {
	schedule, failure := s.liveSchedule(c)
	if failure != nil {
		return nil, failure
	}
	invoiceNow, prorate := c.Boolean("invoice_now", true), c.Boolean("prorate", true)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	sub := s.State.Subscriptions.Get(schedule.Subscription)
	if sub != nil && sub.Live() {
		s.endSubscription(sub, invoiceNow, prorate) // this ends the schedule too
	} else {
		// A schedule that never started is aborted. The Stripe CLI triggers that
		// event this way.
		schedule.Status, schedule.CanceledAt = "canceled", s.Now()
		s.Events.Emit("subscription_schedule.aborted", s.ShowSchedule(schedule), nil)
	}
	return s.ShowSchedule(schedule), nil
}

// releaseScheduleNow releases the subscription. With preserve_cancel_date it
// still ends when the schedule would have ended it.
func (s *Billing) releaseScheduleNow(c *api.Call) (api.Object, error) {
	schedule, failure := s.liveSchedule(c)
	if failure != nil {
		return nil, failure
	}
	preserve := c.Boolean("preserve_cancel_date", false)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	s.releaseSchedule(schedule, preserve)
	return s.ShowSchedule(schedule), nil
}
