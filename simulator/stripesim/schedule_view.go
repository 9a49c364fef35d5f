package stripesim

import (
	"cmp"
	"time"
)

func (s *Stripe) showSchedule(schedule *Schedule) object {
	phases := make([]any, len(schedule.Phases))
	for n := range schedule.Phases {
		phases[n] = s.showPhase(&schedule.Phases[n])
	}
	var current, days any
	if schedule.Status == "active" {
		phase := schedule.Phases[schedule.Current]
		current = object{"start_date": phase.Start.Unix(), "end_date": phase.End.Unix()}
	}
	if schedule.DaysUntilDue > 0 {
		days = schedule.DaysUntilDue
	}
	return object{"id": schedule.ID, "object": "subscription_schedule", "application": nil,
		"billing_mode": showBillingMode(cmp.Or(schedule.BillingMode, "flexible"), time.Time{}),
		"canceled_at":  unix(schedule.CanceledAt), "completed_at": unix(schedule.CompletedAt),
		"created": schedule.Created.Unix(), "current_phase": current,
		"customer": schedule.Customer, "customer_account": nil,
		"default_settings": object{"application_fee_percent": nil, "automatic_tax": object{"disabled_reason": nil,
			"enabled": false, "liability": nil},
			"billing_cycle_anchor": "automatic", "billing_thresholds": nil,
			"collection_method":      cmp.Or(schedule.CollectionMethod, "charge_automatically"),
			"default_payment_method": orNull(schedule.DefaultPaymentMethod), "description": orNull(schedule.Description),
			"invoice_settings": object{"account_tax_ids": nil, "days_until_due": days, "issuer": object{"type": "self"}},
			"on_behalf_of":     nil, "transfer_data": nil},
		"end_behavior": schedule.EndBehavior, "livemode": false, "metadata": shown(schedule.Metadata), "phases": phases,
		"released_at": unix(schedule.ReleasedAt), "released_subscription": orNull(schedule.ReleasedSubscription),
		"status":       schedule.Status,
		"subscription": orNull(schedule.Subscription), "test_clock": s.clockName(schedule.Customer)}
}

func (s *Stripe) showPhase(phase *Phase) object {
	items := make([]any, len(phase.Items))
	for n, item := range phase.Items {
		items[n] = object{"billing_thresholds": nil, "discounts": []any{}, "metadata": shown(item.Metadata),
			"price":    item.Price,
			"quantity": item.Quantity, "tax_rates": []any{}}
	}
	return object{"add_invoice_items": []any{}, "application_fee_percent": nil, "billing_cycle_anchor": nil,
		"billing_thresholds": nil,
		"collection_method":  nil, "currency": s.state.Prices.Get(phase.Items[0].Price).Currency,
		"default_payment_method": orNull(phase.Method),
		"default_tax_rates":      []any{}, "description": orNull(phase.Description), "discounts": []any{},
		"end_date":         phase.End.Unix(),
		"invoice_settings": nil, "items": items, "metadata": shown(phase.Metadata), "on_behalf_of": nil,
		"proration_behavior": phase.Proration,
		"start_date":         phase.Start.Unix(), "transfer_data": nil, "trial_end": unix(phase.TrialEnd)}
}
