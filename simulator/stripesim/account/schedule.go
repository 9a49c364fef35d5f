package account

import (
	"cmp"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ScheduledEnd returns when a subscription's schedule ends it, or the zero
// time. The subscription shows it as cancel_at.
func (s *Account) ScheduledEnd(sub *state.Subscription) time.Time {
	schedule := s.State.Schedules.Get(sub.Schedule)
	if schedule == nil || schedule.Status != "active" || schedule.EndBehavior != "cancel" {
		return time.Time{}
	}
	return schedule.End()
}

// cancelAt returns when a subscription ends, on its own or by its schedule.
func (s *Account) cancelAt(sub *state.Subscription) time.Time {
	if sub.CancelAt.IsZero() {
		return s.ScheduledEnd(sub)
	}
	return sub.CancelAt
}

// ShowSchedule shows a subscription schedule.
func (s *Account) ShowSchedule(schedule *state.Schedule) api.Object {
	phases := make([]any, len(schedule.Phases))
	for n := range schedule.Phases {
		phases[n] = s.showPhase(&schedule.Phases[n])
	}
	var current, days any
	if schedule.Status == "active" {
		phase := schedule.Phases[schedule.Current]
		current = api.Object{"start_date": phase.Start.Unix(), "end_date": phase.End.Unix()}
	}
	if schedule.DaysUntilDue > 0 {
		days = schedule.DaysUntilDue
	}
	return api.Object{"id": schedule.ID, "object": "subscription_schedule", "application": nil,
		"billing_mode": showBillingMode(cmp.Or(schedule.BillingMode, "flexible"), time.Time{}),
		"canceled_at":  api.Unix(schedule.CanceledAt), "completed_at": api.Unix(schedule.CompletedAt),
		"created": schedule.Created.Unix(), "current_phase": current, "customer": schedule.Customer,
		"customer_account": nil,
		"default_settings": api.Object{"application_fee_percent": nil, "automatic_tax": api.Object{"disabled_reason": nil, "enabled": false, "liability": nil}, "billing_cycle_anchor": "automatic", "billing_thresholds": nil, "collection_method": cmp.Or(schedule.CollectionMethod, "charge_automatically"), "default_payment_method": api.OrNull(schedule.DefaultPaymentMethod), "description": api.OrNull(schedule.Description), "invoice_settings": api.Object{"account_tax_ids": nil, "days_until_due": days, "issuer": api.Object{"type": "self"}}, "on_behalf_of": nil, "transfer_data": nil},
		"end_behavior":     schedule.EndBehavior, "livemode": false, "metadata": api.Shown(schedule.Metadata),
		"phases":      phases,
		"released_at": api.Unix(schedule.ReleasedAt), "released_subscription": api.OrNull(schedule.ReleasedSubscription),
		"status": schedule.Status, "subscription": api.OrNull(schedule.Subscription),
		"test_clock": s.clockName(schedule.Customer)}
}

func (s *Account) showPhase(phase *state.Phase) api.Object {
	items := make([]any, len(phase.Items))
	for n, item := range phase.Items {
		items[n] = api.Object{"billing_thresholds": nil, "discounts": []any{}, "metadata": api.Shown(item.Metadata),
			"price": item.Price, "quantity": item.Quantity, "tax_rates": []any{}}
	}
	return api.Object{"add_invoice_items": []any{}, "application_fee_percent": nil, "billing_cycle_anchor": nil,
		"billing_thresholds": nil, "collection_method": nil, "currency": s.State.Prices.Get(phase.Items[0].Price).Currency,
		"default_payment_method": api.OrNull(phase.Method), "default_tax_rates": []any{},
		"description": api.OrNull(phase.Description), "discounts": []any{}, "end_date": phase.End.Unix(),
		"invoice_settings": nil, "items": items, "metadata": api.Shown(phase.Metadata), "on_behalf_of": nil,
		"proration_behavior": phase.Proration, "start_date": phase.Start.Unix(), "transfer_data": nil,
		"trial_end": api.Unix(phase.TrialEnd)}
}
