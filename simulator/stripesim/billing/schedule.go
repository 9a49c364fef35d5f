package billing

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// expiringNotice is how long before its end a schedule announces it.
const expiringNotice = 7 * 24 * time.Hour

// scheduleTimers sets the schedule's next timers.
func (s *Billing) scheduleTimers(schedule *state.Schedule) {
	if schedule.Status == "not_started" {
		s.At(schedule.Phases[0].Start, account.TimerPhase, schedule.ID)
		return
	}
	s.At(schedule.Phases[schedule.Current].End, account.TimerPhase, schedule.ID)
	if notice := schedule.End().Add(-expiringNotice); notice.After(s.Now()) {
		s.At(notice, account.TimerExpiring, schedule.ID)
	}
}

// phaseDue reports whether a subscription's schedule has a phase to enter now.
func (s *Billing) phaseDue(sub *state.Subscription) bool {
	schedule := s.State.Schedules.Get(sub.Schedule)
	return schedule != nil && schedule.Status == "active" && !schedule.Phases[schedule.Current].End.After(s.Now())
}

// scheduled reports whether a schedule manages a subscription.
func (s *Billing) scheduled(sub *state.Subscription) bool {
	schedule := s.State.Schedules.Get(sub.Schedule)
	return schedule != nil && schedule.Live()
}

// advanceSchedule starts a schedule, enters its next phase, or completes it.
func (s *Billing) advanceSchedule(id string) {
	schedule := s.State.Schedules.Get(id)
	switch {
	case schedule == nil || !schedule.Live():
	case schedule.Status == "not_started":
		if !schedule.Phases[0].Start.After(s.Now()) {
			s.scheduleStarts(schedule)
		}
	case schedule.Phases[schedule.Current].End.After(s.Now()):
	case schedule.Current+1 < len(schedule.Phases):
		s.nextPhase(schedule)
	default:
		s.completeSchedule(schedule)
	}
}

// scheduleStarts starts a schedule whose start date has come.
func (s *Billing) scheduleStarts(schedule *state.Schedule) {
	before := s.ShowSchedule(schedule)
	if s.State.Customers.Get(schedule.Customer).Deleted {
		schedule.Status, schedule.CanceledAt = "canceled", s.Now()
		s.Events.Emit("subscription_schedule.aborted", s.ShowSchedule(schedule), nil)
		return
	}
	s.startSchedule(schedule)
	s.Events.EmitUpdate("subscription_schedule.updated", before, s.ShowSchedule(schedule))
}

// startSchedule creates the subscription. Its first invoice stays a draft for
// an hour, even if there is a payment method.
func (s *Billing) startSchedule(schedule *state.Schedule) {
	phase := schedule.Phases[0]
	from := Start{Customer: s.State.Customers.Get(schedule.Customer), Metadata: phase.Metadata, TrialEnd: phase.TrialEnd,
		Description: cmp.Or(phase.Description, schedule.Description),
		Method:      s.State.PaymentMethods.Get(cmp.Or(phase.Method, schedule.DefaultPaymentMethod)),
		BillingMode: schedule.BillingMode, collectionMethod: schedule.CollectionMethod, daysUntilDue: schedule.DaysUntilDue}
	for _, item := range phase.Items {
		from.Items = append(from.Items, Chosen{Price: s.State.Prices.Get(item.Price), Quantity: item.Quantity,
			metadata: item.Metadata})
	}
	sub := s.Begin(from)
	sub.Schedule = schedule.ID
	schedule.Subscription, schedule.Status, schedule.Current = sub.ID, "active", 0
	s.scheduleTimers(schedule)
	invoice := s.draft(sub, "subscription_create", s.LinesOf(sub))
	s.scheduleFinalization(invoice)
	sub.LatestInvoice = invoice.ID
	s.Events.Emit("customer.subscription.created", s.ShowSubscription(sub), nil)
	s.EmitCreated(invoice)
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// nextPhase enters the next phase. If the subscription's period ends at the
// same moment, there is nothing to prorate.
func (s *Billing) nextPhase(schedule *state.Schedule) {
	before := s.ShowSchedule(schedule)
	schedule.Current++
	phase := schedule.Phases[schedule.Current]
	s.scheduleTimers(schedule)
	s.enterPhase(s.State.Subscriptions.Get(schedule.Subscription), phase, phase.Proration)
	s.Events.EmitUpdate("subscription_schedule.updated", before, s.ShowSchedule(schedule))
}

// enterPhase applies a phase to a subscription.
func (s *Billing) enterPhase(sub *state.Subscription, phase state.Phase, proration string) {
	next := sub.Clone()
	next.Items = s.phaseItems(sub, phase)
	next.Description, next.DefaultPaymentMethod = cmp.Or(phase.Description, sub.Description), cmp.Or(phase.Method,
		sub.DefaultPaymentMethod)
	maps.Copy(next.Metadata, phase.Metadata)
	if sub.PeriodEnd().After(s.Now()) {
		_ = s.alter(sub, alteration{next: next, at: s.Now(), proration: proration, behaviour: "allow_incomplete",
			offSession: OffSession, trial: phase.TrialEnd})
		return // allow_incomplete refuses nothing
	}
	restart := s.intervalChanges(sub, &next)
	s.ChangeSubscription(sub, func() {
		*sub = next
		s.indexItems(sub)
		if restart {
			sub.Anchor = s.Now()
		}
		for i := range sub.Items {
			sub.Items[i].PeriodEnd = s.Now() // the renewal at the same moment starts the period of new items too
		}
	})
	s.periodEnds(sub.ID)
}

// phaseItems returns the items of a phase. An item with the same price, or else
// at the same place, keeps its id.
func (s *Billing) phaseItems(sub *state.Subscription, phase state.Phase) []state.SubscriptionItem {
	left := slices.Clone(sub.Items)
	items := make([]state.SubscriptionItem, len(phase.Items))
	take := func(n, at int) {
		items[n] = left[at]
		left = slices.Delete(left, at, at+1)
	}
	for n, wanted := range phase.Items {
		at := slices.IndexFunc(left, func(item state.SubscriptionItem) bool { return item.Price == wanted.Price })
		if at >= 0 {
			take(n, at)
		}
	}
	for n, wanted := range phase.Items {
		if items[n].ID == "" && len(left) > 0 {
			take(n, 0)
		}
		if items[n].ID == "" {
			items[n] = state.SubscriptionItem{ID: s.World.NewID("si_", 14), Created: s.Now()}
		}
		items[n].Price, items[n].Quantity = wanted.Price, wanted.Quantity
		if wanted.Metadata != nil {
			items[n].Metadata = maps.Clone(wanted.Metadata)
		}
	}
	return items
}

// completeSchedule ends a schedule after its last phase. The subscription
// continues on its own, or ends too.
func (s *Billing) completeSchedule(schedule *state.Schedule) {
	schedule.Status, schedule.CompletedAt = "completed", s.Now()
	s.Events.Emit("subscription_schedule.completed", s.ShowSchedule(schedule), nil)
	sub := s.State.Subscriptions.Get(schedule.Subscription)
	if schedule.EndBehavior == "cancel" {
		s.CancelNow(sub, "cancellation_requested")
		return
	}
	s.releaseSchedule(schedule, false)
}

// refuseManaged returns the error for changing the cancellation of a subscription
// that a schedule manages, or nil.
func (s *Billing) refuseManaged(sub *state.Subscription) *api.Error {
	if !s.scheduled(sub) {
		return nil
	}
	return api.Invalid("cancel_at", "The subscription is managed by the subscription schedule `%s`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.", sub.Schedule)
}

// releaseSchedule releases the subscription. preserve keeps the end that the
// schedule set.
func (s *Billing) releaseSchedule(schedule *state.Schedule, preserve bool) {
	sub := s.State.Subscriptions.Get(schedule.Subscription)
	var before api.Object
	var end time.Time
	if sub != nil {
		before, end = s.ShowSubscription(sub), s.ScheduledEnd(sub)
	}
	schedule.Status, schedule.ReleasedAt = "released", s.Now()
	schedule.ReleasedSubscription, schedule.Subscription = schedule.Subscription, ""
	s.Events.Emit("subscription_schedule.released", s.ShowSchedule(schedule), nil)
	if sub == nil {
		return
	}
	sub.Schedule = ""
	if preserve && end.After(s.Now()) {
		s.ScheduleCancel(sub, false, end)
	}
	s.Events.EmitUpdate("customer.subscription.updated", before, s.ShowSubscription(sub))
}

// endSchedule ends the schedule of a subscription that ended. It is canceled, or
// aborted if the subscription was not paid.
func (s *Billing) endSchedule(sub *state.Subscription, reason string) {
	schedule := s.State.Schedules.Get(sub.Schedule)
	if schedule == nil || !schedule.Live() {
		return
	}
	schedule.Status, schedule.CanceledAt = "canceled", s.Now()
	event := "subscription_schedule.canceled"
	if reason == "payment_failed" {
		event = "subscription_schedule.aborted"
	}
	s.Events.Emit(event, s.ShowSchedule(schedule), nil)
}

// scheduleExpiring announces the end of a schedule.
func (s *Billing) scheduleExpiring(id string) {
	schedule := s.State.Schedules.Get(id)
	if schedule != nil && schedule.Status == "active" && schedule.End().Add(-expiringNotice).Equal(s.Now()) {
		s.Events.Emit("subscription_schedule.expiring", s.ShowSchedule(schedule), nil)
	}
}
