package stripesim

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// expiringNotice is how long before its end a schedule announces it.
const expiringNotice = 7 * 24 * time.Hour

// Schedule changes a subscription phase by phase.
type Schedule struct {
	ID                   string            `json:"id"`
	Created              time.Time         `json:"created"`
	Customer             string            `json:"customer"`
	Subscription         string            `json:"subscription"`
	ReleasedSubscription string            `json:"released_subscription"`
	Status               string            `json:"status"`       // not_started, active, completed, released, canceled
	EndBehavior          string            `json:"end_behavior"` // release, cancel
	BillingMode          string            `json:"billing_mode"`
	Metadata             map[string]string `json:"metadata"`
	Phases               []Phase           `json:"phases"`
	Current              int               `json:"current"` // index of the phase, while it is active
	CanceledAt           time.Time         `json:"canceled_at"`
	CompletedAt          time.Time         `json:"completed_at"`
	ReleasedAt           time.Time         `json:"released_at"`

	// The defaults of the phases.
	CollectionMethod     string `json:"collection_method"`
	DaysUntilDue         int64  `json:"days_until_due"`
	DefaultPaymentMethod string `json:"default_payment_method"`
	Description          string `json:"description"`
}

// Phase is what a subscription is like for some time.
type Phase struct {
	Start       time.Time         `json:"start_date"`
	End         time.Time         `json:"end_date"`
	Items       []PhaseItem       `json:"items"`
	Proration   string            `json:"proration_behavior"`
	TrialEnd    time.Time         `json:"trial_end"`
	Description string            `json:"description"`
	Method      string            `json:"default_payment_method"`
	Metadata    map[string]string `json:"metadata"`
}

// PhaseItem is a price and how many of it.
type PhaseItem struct {
	Price    string            `json:"price"`
	Quantity int64             `json:"quantity"`
	Metadata map[string]string `json:"metadata"`
}

// Key is the id.
func (s *Schedule) Key() string { return s.ID }

// Owner is the customer.
func (s *Schedule) Owner() string { return s.Customer }

// live says whether the schedule still has something to do.
func (s *Schedule) live() bool { return s.Status == "not_started" || s.Status == "active" }

func (s *Schedule) end() time.Time { return s.Phases[len(s.Phases)-1].End }

// scheduleTimers sets when the schedule is looked at next.
func (s *Stripe) scheduleTimers(schedule *Schedule) {
	if schedule.Status == "not_started" {
		s.at(schedule.Phases[0].Start, timerPhase, schedule.ID)
		return
	}
	s.at(schedule.Phases[schedule.Current].End, timerPhase, schedule.ID)
	if notice := schedule.end().Add(-expiringNotice); notice.After(s.now()) {
		s.at(notice, timerExpiring, schedule.ID)
	}
}

// phaseDue says whether the schedule of a subscription has a change to make now.
func (s *Stripe) phaseDue(sub *Subscription) bool {
	schedule := s.state.Schedules.Get(sub.Schedule)
	return schedule != nil && schedule.Status == "active" && !schedule.Phases[schedule.Current].End.After(s.now())
}

// scheduled says whether a schedule manages a subscription.
func (s *Stripe) scheduled(sub *Subscription) bool {
	schedule := s.state.Schedules.Get(sub.Schedule)
	return schedule != nil && schedule.live()
}

// phaseComes starts a schedule, moves it on to its next phase, or ends it.
func (s *Stripe) phaseComes(id string) {
	schedule := s.state.Schedules.Get(id)
	switch {
	case schedule == nil || !schedule.live():
	case schedule.Status == "not_started":
		if !schedule.Phases[0].Start.After(s.now()) {
			s.scheduleStarts(schedule)
		}
	case schedule.Phases[schedule.Current].End.After(s.now()):
	case schedule.Current+1 < len(schedule.Phases):
		s.nextPhase(schedule)
	default:
		s.completeSchedule(schedule)
	}
}

// scheduleStarts starts a schedule that waited for its time.
func (s *Stripe) scheduleStarts(schedule *Schedule) {
	before := s.showSchedule(schedule)
	if s.state.Customers.Get(schedule.Customer).Deleted {
		schedule.Status, schedule.CanceledAt = "canceled", s.now()
		s.emit("subscription_schedule.aborted", s.showSchedule(schedule), nil)
		return
	}
	s.startSchedule(schedule)
	s.emitUpdate("subscription_schedule.updated", before, s.showSchedule(schedule))
}

// startSchedule makes the subscription. Its first invoice is a draft for an hour,
// whatever there is to pay with.
func (s *Stripe) startSchedule(schedule *Schedule) {
	phase := schedule.Phases[0]
	from := start{customer: s.state.Customers.Get(schedule.Customer), metadata: phase.Metadata, trialEnd: phase.TrialEnd,
		description: cmp.Or(phase.Description, schedule.Description),
		method:      s.state.PaymentMethods.Get(cmp.Or(phase.Method, schedule.DefaultPaymentMethod)),
		billingMode: schedule.BillingMode, collectionMethod: schedule.CollectionMethod, daysUntilDue: schedule.DaysUntilDue}
	for _, item := range phase.Items {
		from.items = append(from.items, chosen{price: s.state.Prices.Get(item.Price), quantity: item.Quantity,
			metadata: item.Metadata})
	}
	sub := s.begin(from)
	sub.Schedule = schedule.ID
	schedule.Subscription, schedule.Status, schedule.Current = sub.ID, "active", 0
	s.scheduleTimers(schedule)
	invoice := s.draft(sub, "subscription_create", s.linesOf(sub))
	s.scheduleFinalization(invoice)
	sub.LatestInvoice = invoice.ID
	s.emit("customer.subscription.created", s.showSubscription(sub), nil)
	s.emitCreated(invoice)
	s.refreshEntitlements(sub.Customer)
}

// nextPhase changes the subscription to what the next phase says. Where its
// period ends at the same moment, nothing is left to prorate.
func (s *Stripe) nextPhase(schedule *Schedule) {
	before := s.showSchedule(schedule)
	schedule.Current++
	phase := schedule.Phases[schedule.Current]
	s.scheduleTimers(schedule)
	s.enterPhase(s.state.Subscriptions.Get(schedule.Subscription), phase, phase.Proration)
	s.emitUpdate("subscription_schedule.updated", before, s.showSchedule(schedule))
}

// enterPhase makes a subscription what a phase says.
func (s *Stripe) enterPhase(sub *Subscription, phase Phase, proration string) {
	next := sub.clone()
	next.Items = s.phaseItems(sub, phase)
	next.Description, next.DefaultPaymentMethod = cmp.Or(phase.Description, sub.Description), cmp.Or(phase.Method,
		sub.DefaultPaymentMethod)
	maps.Copy(next.Metadata, phase.Metadata)
	if sub.PeriodEnd().After(s.now()) {
		_ = s.alter(sub, alteration{next: next, at: s.now(), proration: proration, behaviour: "allow_incomplete",
			offSession: offSession, trial: phase.TrialEnd})
		return // with allow_incomplete nothing is refused
	}
	restart := s.intervalChanges(sub, &next)
	s.changeSubscription(sub, func() {
		*sub = next
		s.indexItems(sub)
		if restart {
			sub.Anchor = s.now()
		}
		for i := range sub.Items {
			sub.Items[i].PeriodEnd = s.now() // the renewal of the same moment begins the period of new ones too
		}
	})
	s.periodEnds(sub.ID)
}

// phaseItems returns the items of a phase; those of the same price, or else in the
// same place, keep their identity.
func (s *Stripe) phaseItems(sub *Subscription, phase Phase) []SubscriptionItem {
	left := slices.Clone(sub.Items)
	items := make([]SubscriptionItem, len(phase.Items))
	take := func(n, at int) {
		items[n] = left[at]
		left = slices.Delete(left, at, at+1)
	}
	for n, wanted := range phase.Items {
		if at := slices.IndexFunc(left, func(item SubscriptionItem) bool { return item.Price == wanted.Price }); at >= 0 {
			take(n, at)
		}
	}
	for n, wanted := range phase.Items {
		if items[n].ID == "" && len(left) > 0 {
			take(n, 0)
		}
		if items[n].ID == "" {
			items[n] = SubscriptionItem{ID: s.world.NewID("si_", 14), Created: s.now()}
		}
		items[n].Price, items[n].Quantity = wanted.Price, wanted.Quantity
		if wanted.Metadata != nil {
			items[n].Metadata = maps.Clone(wanted.Metadata)
		}
	}
	return items
}

// completeSchedule ends a schedule after its last phase: the subscription goes on
// by itself, or ends too.
func (s *Stripe) completeSchedule(schedule *Schedule) {
	schedule.Status, schedule.CompletedAt = "completed", s.now()
	s.emit("subscription_schedule.completed", s.showSchedule(schedule), nil)
	sub := s.state.Subscriptions.Get(schedule.Subscription)
	if schedule.EndBehavior == "cancel" {
		s.cancelNow(sub, "cancellation_requested")
		return
	}
	s.releaseSchedule(schedule, false)
}

// scheduledEnd is when the schedule of a subscription ends it, which the
// subscription shows as its cancel_at; the zero time when it does not.
func (s *Stripe) scheduledEnd(sub *Subscription) time.Time {
	schedule := s.state.Schedules.Get(sub.Schedule)
	if schedule == nil || schedule.Status != "active" || schedule.EndBehavior != "cancel" {
		return time.Time{}
	}
	return schedule.end()
}

// cancelAt is when a subscription is to end, by itself or by its schedule.
func (s *Stripe) cancelAt(sub *Subscription) time.Time {
	if sub.CancelAt.IsZero() {
		return s.scheduledEnd(sub)
	}
	return sub.CancelAt
}

// managed is the error for changing the cancellation of a subscription that a
// schedule manages, nil when none does.
func (s *Stripe) managed(sub *Subscription) *Error {
	if !s.scheduled(sub) {
		return nil
	}
	return invalid("cancel_at", "The subscription is managed by the subscription schedule `%s`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.", sub.Schedule)
}

// releaseSchedule lets the subscription go. preserve keeps the end that the
// schedule set.
func (s *Stripe) releaseSchedule(schedule *Schedule, preserve bool) {
	sub := s.state.Subscriptions.Get(schedule.Subscription)
	var before object
	var end time.Time
	if sub != nil {
		before, end = s.showSubscription(sub), s.scheduledEnd(sub)
	}
	schedule.Status, schedule.ReleasedAt = "released", s.now()
	schedule.ReleasedSubscription, schedule.Subscription = schedule.Subscription, ""
	s.emit("subscription_schedule.released", s.showSchedule(schedule), nil)
	if sub == nil {
		return
	}
	sub.Schedule = ""
	if preserve && end.After(s.now()) {
		s.scheduleCancel(sub, false, end)
	}
	s.emitUpdate("customer.subscription.updated", before, s.showSubscription(sub))
}

// endWith ends the schedule of a subscription that ended: canceled, or aborted
// because it was not paid.
func (s *Stripe) endWith(sub *Subscription, reason string) {
	schedule := s.state.Schedules.Get(sub.Schedule)
	if schedule == nil || !schedule.live() {
		return
	}
	schedule.Status, schedule.CanceledAt = "canceled", s.now()
	event := "subscription_schedule.canceled"
	if reason == "payment_failed" {
		event = "subscription_schedule.aborted"
	}
	s.emit(event, s.showSchedule(schedule), nil)
}

// expiring announces the end of a schedule.
func (s *Stripe) expiring(id string) {
	schedule := s.state.Schedules.Get(id)
	if schedule != nil && schedule.Status == "active" && schedule.end().Add(-expiringNotice).Equal(s.now()) {
		s.emit("subscription_schedule.expiring", s.showSchedule(schedule), nil)
	}
}
