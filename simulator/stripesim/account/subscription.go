package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ItemOf returns the subscription of an item and the item's index, or nil and
// -1.
func (s *Account) ItemOf(id string) (*state.Subscription, int) {
	sub := s.State.Subscriptions.Get(s.State.Items[id])
	if sub == nil {
		return nil, -1
	}
	at := slices.IndexFunc(sub.Items, func(item state.SubscriptionItem) bool { return item.ID == id })
	if at < 0 {
		return nil, -1 // removed from the subscription
	}
	return sub, at
}

// ShownItem shows an item after a change. If the change waits for a payment, it
// shows the item as it will be.
func (s *Account) ShownItem(sub *state.Subscription, id string) api.Object {
	items := sub.Items
	if sub.PendingUpdate != nil {
		items = append(slices.Clone(items), sub.PendingUpdate.Items...)
	}
	at := slices.IndexFunc(items, func(item state.SubscriptionItem) bool { return item.ID == id })
	return s.ShowItem(sub, &items[at])
}

// ShowSubscription shows a subscription.
func (s *Account) ShowSubscription(sub *state.Subscription) api.Object {
	items := make([]any, len(sub.Items))
	for i := range sub.Items {
		items[i] = s.ShowItem(sub, &sub.Items[i])
	}
	var trialSettings, plan, quantity, days, pause any
	if sub.TrialEndBehavior != "" {
		trialSettings = api.Object{"end_behavior": api.Object{"missing_payment_method": sub.TrialEndBehavior}}
	}
	if len(sub.Items) == 1 { // the old shape has room for one item only
		plan, quantity = s.ShowPlan(s.State.Prices.Get(sub.Items[0].Price)), sub.Items[0].Quantity
	}
	if sub.CollectionMethod == "send_invoice" {
		days = sub.DaysUntilDue
	}
	if sub.PauseBehavior != "" {
		pause = api.Object{"behavior": sub.PauseBehavior, "resumes_at": api.Unix(sub.PauseResumesAt)}
	}
	return api.Object{"id": sub.ID, "object": "subscription", "application": nil, "application_fee_percent": nil,
		"automatic_tax":        api.Object{"disabled_reason": nil, "enabled": false, "liability": nil},
		"billing_cycle_anchor": sub.Anchor.Unix(), "billing_cycle_anchor_config": sub.AnchorConfig.Show(),
		"billing_mode": showBillingMode(sub.Mode(), sub.MigratedAt), "billing_schedules": []any{},
		"billing_thresholds": nil, "cancel_at": api.Unix(s.cancelAt(sub)), "cancel_at_period_end": sub.CancelAtPeriodEnd,
		"canceled_at": api.Unix(sub.CanceledAt),
		"cancellation_details": api.Object{"comment": api.OrNull(sub.CancelComment),
			"feedback": api.OrNull(sub.CancelFeedback), "reason": api.OrNull(sub.CancelReason)},
		"collection_method": cmp.Or(sub.CollectionMethod, "charge_automatically"), "created": sub.Created.Unix(),
		"currency": sub.Currency, "customer": sub.Customer, "customer_account": nil, "days_until_due": days,
		"default_payment_method": api.OrNull(sub.DefaultPaymentMethod), "default_source": nil, "default_tax_rates": []any{},
		"description": api.OrNull(sub.Description), "discounts": api.IDs(sub.Discounts), "ended_at": api.Unix(sub.EndedAt),
		"invoice_settings": api.Object{"account_tax_ids": nil, "issuer": api.Object{"type": "self"}},
		"items":            api.List("/v1/subscription_items?subscription="+sub.ID, items, false),
		"latest_invoice":   api.OrNull(sub.LatestInvoice), "livemode": false, "metadata": api.Shown(sub.Metadata),
		"next_pending_invoice_item_invoice": nil, "on_behalf_of": nil, "pause_collection": pause,
		"payment_settings": api.Object{"payment_method_options": nil, "payment_method_types": nil,
			"save_default_payment_method": map[bool]string{true: "on_subscription", false: "off"}[sub.SaveDefaultMethod]},
		"pending_invoice_item_interval": nil, "pending_setup_intent": nil, "pending_update": s.showPendingUpdate(sub),
		"plan": plan, "quantity": quantity, "schedule": api.OrNull(sub.Schedule), "start_date": sub.StartDate.Unix(),
		"status": sub.Status, "test_clock": s.clockName(sub.Customer), "transfer_data": nil,
		"trial_end": api.Unix(sub.TrialEnd), "trial_settings": trialSettings, "trial_start": api.Unix(sub.TrialStart)}
}

func showBillingMode(mode string, migrated time.Time) api.Object {
	shown := api.Object{"type": mode, "flexible": nil}
	if mode == "flexible" {
		shown["flexible"] = api.Object{"proration_discounts": "included"}
	}
	if !migrated.IsZero() {
		shown["updated_at"] = migrated.Unix()
	}
	return shown
}

func (s *Account) showPendingUpdate(sub *state.Subscription) any {
	update := sub.PendingUpdate
	if update == nil {
		return nil
	}
	items := make([]any, len(update.Items))
	for i := range update.Items {
		items[i] = s.ShowItem(sub, &update.Items[i])
	}
	return api.Object{"billing_cycle_anchor": api.Unix(update.Anchor), "expires_at": update.ExpiresAt.Unix(),
		"subscription_items": items, "trial_end": api.Unix(update.TrialEnd), "trial_from_plan": nil}
}

// ShowItem shows a subscription item.
func (s *Account) ShowItem(sub *state.Subscription, item *state.SubscriptionItem) api.Object {
	price := s.State.Prices.Get(item.Price)
	return api.Object{"id": item.ID, "object": "subscription_item", "billing_thresholds": nil,
		"created": item.Created.Unix(), "current_period_end": item.PeriodEnd.Unix(),
		"current_period_start": item.PeriodStart.Unix(), "discounts": []any{}, "metadata": api.Shown(item.Metadata),
		"plan": s.ShowPlan(price), "price": s.ShowPrice(price), "quantity": item.Quantity, "subscription": sub.ID,
		"tax_rates": []any{}}
}
