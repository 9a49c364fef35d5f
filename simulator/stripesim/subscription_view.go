package stripesim

import (
	"cmp"
	"time"
)

// mode is the subscription's billing mode.
func (s Subscription) mode() string { return cmp.Or(s.BillingMode, "flexible") }

func (s *Stripe) showSubscription(sub *Subscription) object {
	items := make([]any, len(sub.Items))
	for i := range sub.Items {
		items[i] = s.showItem(sub, &sub.Items[i])
	}
	var trialSettings, plan, quantity, days, pause any
	if sub.TrialEndBehavior != "" {
		trialSettings = object{"end_behavior": object{"missing_payment_method": sub.TrialEndBehavior}}
	}
	if len(sub.Items) == 1 { // the old shape has no answer for more
		plan, quantity = s.showPlan(s.state.Prices.Get(sub.Items[0].Price)), sub.Items[0].Quantity
	}
	if sub.CollectionMethod == "send_invoice" {
		days = sub.DaysUntilDue
	}
	if sub.PauseBehavior != "" {
		pause = object{"behavior": sub.PauseBehavior, "resumes_at": unix(sub.PauseResumesAt)}
	}
	return object{"id": sub.ID, "object": "subscription", "application": nil, "application_fee_percent": nil,
		"automatic_tax":        object{"disabled_reason": nil, "enabled": false, "liability": nil},
		"billing_cycle_anchor": sub.Anchor.Unix(), "billing_cycle_anchor_config": sub.AnchorConfig.show(),
		"billing_mode":      showBillingMode(sub.mode(), sub.MigratedAt),
		"billing_schedules": []any{}, "billing_thresholds": nil,
		"cancel_at": unix(s.cancelAt(sub)), "cancel_at_period_end": sub.CancelAtPeriodEnd,
		"canceled_at": unix(sub.CanceledAt),
		"cancellation_details": object{"comment": orNull(sub.CancelComment), "feedback": orNull(sub.CancelFeedback),
			"reason": orNull(sub.CancelReason)},
		"collection_method": cmp.Or(sub.CollectionMethod, "charge_automatically"), "created": sub.Created.Unix(),
		"currency": sub.Currency, "customer": sub.Customer,
		"customer_account": nil, "days_until_due": days, "default_payment_method": orNull(sub.DefaultPaymentMethod),
		"default_source":    nil,
		"default_tax_rates": []any{}, "description": orNull(sub.Description), "discounts": ids(sub.Discounts),
		"ended_at":         unix(sub.EndedAt),
		"invoice_settings": object{"account_tax_ids": nil, "issuer": object{"type": "self"}},
		"items":            list("/v1/subscription_items?subscription="+sub.ID, items, false),
		"latest_invoice":   orNull(sub.LatestInvoice), "livemode": false, "metadata": shown(sub.Metadata),
		"next_pending_invoice_item_invoice": nil, "on_behalf_of": nil, "pause_collection": pause,
		"payment_settings": object{"payment_method_options": nil, "payment_method_types": nil,
			"save_default_payment_method": map[bool]string{true: "on_subscription", false: "off"}[sub.SaveDefaultMethod]},
		"pending_invoice_item_interval": nil, "pending_setup_intent": nil, "pending_update": s.showPendingUpdate(sub),
		"plan": plan, "quantity": quantity,
		"schedule": orNull(sub.Schedule), "start_date": sub.StartDate.Unix(), "status": sub.Status,
		"test_clock": s.clockName(sub.Customer), "transfer_data": nil,
		"trial_end": unix(sub.TrialEnd), "trial_settings": trialSettings, "trial_start": unix(sub.TrialStart)}
}

func showBillingMode(mode string, migrated time.Time) object {
	shown := object{"type": mode, "flexible": nil}
	if mode == "flexible" {
		shown["flexible"] = object{"proration_discounts": "included"}
	}
	if !migrated.IsZero() {
		shown["updated_at"] = migrated.Unix()
	}
	return shown
}

func (s *Stripe) showPendingUpdate(sub *Subscription) any {
	update := sub.PendingUpdate
	if update == nil {
		return nil
	}
	items := make([]any, len(update.Items))
	for i := range update.Items {
		items[i] = s.showItem(sub, &update.Items[i])
	}
	return object{"billing_cycle_anchor": unix(update.Anchor), "expires_at": update.ExpiresAt.Unix(),
		"subscription_items": items,
		"trial_end":          unix(update.TrialEnd), "trial_from_plan": nil}
}

func (s *Stripe) showItem(sub *Subscription, item *SubscriptionItem) object {
	price := s.state.Prices.Get(item.Price)
	return object{"id": item.ID, "object": "subscription_item", "billing_thresholds": nil, "created": item.Created.Unix(),
		"current_period_end": item.PeriodEnd.Unix(), "current_period_start": item.PeriodStart.Unix(), "discounts": []any{},
		"metadata": shown(item.Metadata), "plan": s.showPlan(price), "price": s.showPrice(price), "quantity": item.Quantity,
		"subscription": sub.ID, "tax_rates": []any{}}
}
