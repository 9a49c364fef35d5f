package stripesim

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Subscription is a subscription on the billing clock. A zero time is null.
type Subscription struct {
	ID                   string             `json:"id"`
	Created              time.Time          `json:"created"`
	StartDate            time.Time          `json:"start_date"`
	Customer             string             `json:"customer"`
	Status               string             `json:"status"`
	Currency             string             `json:"currency"`
	Items                []SubscriptionItem `json:"items"`
	Anchor               time.Time          `json:"billing_cycle_anchor"`
	BillingMode          string             `json:"billing_mode"` // "" is flexible
	MigratedAt           time.Time          `json:"billing_mode_updated_at"`
	CancelAtPeriodEnd    bool               `json:"cancel_at_period_end"`
	CancelAt             time.Time          `json:"cancel_at"`
	CanceledAt           time.Time          `json:"canceled_at"`
	EndedAt              time.Time          `json:"ended_at"`
	TrialStart           time.Time          `json:"trial_start"`
	TrialEnd             time.Time          `json:"trial_end"`
	TrialEndBehavior     string             `json:"trial_end_behavior"` // without payment method: create_invoice, cancel, pause
	CancelReason         string             `json:"cancel_reason"`
	CancelComment        string             `json:"cancel_comment"`
	CancelFeedback       string             `json:"cancel_feedback"`
	CollectionMethod     string             `json:"collection_method"` // "" is charge_automatically
	DaysUntilDue         int64              `json:"days_until_due"`
	PauseBehavior        string             `json:"pause_behavior"` // of pause_collection: keep_as_draft, mark_uncollectible, void; "" when not paused
	PauseResumesAt       time.Time          `json:"pause_resumes_at"`
	PendingUpdate        *PendingUpdate     `json:"pending_update,omitempty"`
	Schedule             string             `json:"schedule"`
	SaveDefaultMethod    bool               `json:"save_default_payment_method"`
	LatestInvoice        string             `json:"latest_invoice"`
	DefaultPaymentMethod string             `json:"default_payment_method"`
	Description          string             `json:"description"`
	Metadata             map[string]string  `json:"metadata"`
	Features             []string           `json:"features"` // of the products, as of the start of the period
}

// PendingUpdate is a change that applies once its invoice is paid.
type PendingUpdate struct {
	ExpiresAt     time.Time          `json:"expires_at"`
	Invoice       string             `json:"invoice"`
	Items         []SubscriptionItem `json:"items"`
	Anchor        time.Time          `json:"billing_cycle_anchor"` // zero: unchanged
	TrialEnd      time.Time          `json:"trial_end"`
	ProrationDate time.Time          `json:"proration_date"`
}

// SubscriptionItem is one price of a subscription, with its own period.
type SubscriptionItem struct {
	ID          string            `json:"id"`
	Created     time.Time         `json:"created"`
	Price       string            `json:"price"`
	Quantity    int64             `json:"quantity"`
	PeriodStart time.Time         `json:"current_period_start"`
	PeriodEnd   time.Time         `json:"current_period_end"`
	Metadata    map[string]string `json:"metadata"`
}

// Key is the id.
func (s Subscription) Key() string { return s.ID }

// Owner is the customer.
func (s Subscription) Owner() string { return s.Customer }

// live says whether the subscription can still change by itself.
func (s Subscription) live() bool {
	return !slices.Contains([]string{"canceled", "incomplete_expired"}, s.Status)
}

// PeriodEnd is the end of the current period: of the item whose period ends
// first, where they differ.
func (s Subscription) PeriodEnd() time.Time {
	return slices.MinFunc(s.Items, byPeriodEnd).PeriodEnd
}

// lastPeriodEnd is the end of the period that ends last.
func (s Subscription) lastPeriodEnd() time.Time {
	return slices.MaxFunc(s.Items, byPeriodEnd).PeriodEnd
}

func byPeriodEnd(a, b SubscriptionItem) int { return a.PeriodEnd.Compare(b.PeriodEnd) }

func (s Subscription) clone() Subscription {
	copied := s
	copied.Metadata = maps.Clone(s.Metadata)
	copied.Features = slices.Clone(s.Features)
	copied.Items = slices.Clone(s.Items)
	for i := range copied.Items {
		copied.Items[i].Metadata = maps.Clone(copied.Items[i].Metadata)
	}
	return copied
}

// changeSubscription applies a change and writes customer.subscription.updated
// if anything shows.
func (s *Stripe) changeSubscription(subscription *Subscription, change func()) {
	before := s.showSubscription(subscription)
	change()
	s.emitUpdate("customer.subscription.updated", before, s.showSubscription(subscription))
}

func (s *Stripe) retrieveSubscription(c *call) (object, error) {
	if subscription := s.state.Subscriptions.Get(c.path[0]); subscription != nil {
		return s.showSubscription(subscription), nil
	}
	return nil, noSuch("subscription", c.path[0], "id")
}

// listSubscriptions leaves canceled ones out unless asked for; "ended" is
// canceled or expired.
func (s *Stripe) listSubscriptions(c *call) (object, error) {
	customer, price, clock, within := c.text("customer"), c.text("price"), c.text("test_clock"), createdFilter(c)
	status := c.enum("status", "", "active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired", "trialing", "paused", "all", "ended")
	if customer != "" && s.state.Customers.Get(customer) == nil {
		return nil, noSuch("customer", customer, "customer")
	}
	candidates := s.state.Subscriptions.Newest()
	if customer != "" {
		candidates = newestOf(s.state.Subscriptions.Of(customer))
	}
	return paginate(c, candidates, func(sub *Subscription) bool {
		wanted := sub.Status == status
		switch status {
		case "":
			wanted = sub.Status != "canceled"
		case "all":
			wanted = true
		case "ended":
			wanted = !sub.live()
		}
		return wanted && (customer == "" || sub.Customer == customer) && s.listed(c, sub.Customer, clock) && within(sub.Created) &&
			(price == "" || slices.ContainsFunc(sub.Items, func(item SubscriptionItem) bool { return item.Price == price }))
	}, s.showSubscription)
}

func (s *Stripe) showSubscription(sub *Subscription) object {
	items := make([]any, len(sub.Items))
	for i := range sub.Items {
		items[i] = s.showItem(sub, &sub.Items[i])
	}
	var trialSettings, plan, quantity any
	if sub.TrialEndBehavior != "" {
		trialSettings = object{"end_behavior": object{"missing_payment_method": sub.TrialEndBehavior}}
	}
	if len(sub.Items) == 1 { // the old shape has no answer for more
		plan, quantity = s.showPlan(s.state.Prices.Get(sub.Items[0].Price)), sub.Items[0].Quantity
	}
	return object{"id": sub.ID, "object": "subscription", "application": nil, "application_fee_percent": nil,
		"automatic_tax":        object{"disabled_reason": nil, "enabled": false, "liability": nil},
		"billing_cycle_anchor": sub.Anchor.Unix(), "billing_cycle_anchor_config": nil,
		"billing_mode":      object{"flexible": object{"proration_discounts": "included"}, "type": "flexible"},
		"billing_schedules": []any{}, "billing_thresholds": nil,
		"cancel_at": unix(sub.CancelAt), "cancel_at_period_end": sub.CancelAtPeriodEnd, "canceled_at": unix(sub.CanceledAt),
		"cancellation_details": object{"comment": orNull(sub.CancelComment), "feedback": orNull(sub.CancelFeedback), "reason": orNull(sub.CancelReason)},
		"collection_method":    "charge_automatically", "created": sub.Created.Unix(), "currency": sub.Currency, "customer": sub.Customer,
		"customer_account": nil, "days_until_due": nil, "default_payment_method": orNull(sub.DefaultPaymentMethod), "default_source": nil,
		"default_tax_rates": []any{}, "description": orNull(sub.Description), "discounts": []any{}, "ended_at": unix(sub.EndedAt),
		"invoice_settings": object{"account_tax_ids": nil, "issuer": object{"type": "self"}},
		"items":            list("/v1/subscription_items?subscription="+sub.ID, items, false),
		"latest_invoice":   orNull(sub.LatestInvoice), "livemode": false, "metadata": shown(sub.Metadata),
		"next_pending_invoice_item_invoice": nil, "on_behalf_of": nil, "pause_collection": nil,
		"payment_settings":              object{"payment_method_options": nil, "payment_method_types": nil, "save_default_payment_method": "off"},
		"pending_invoice_item_interval": nil, "pending_setup_intent": nil, "pending_update": nil, "plan": plan, "quantity": quantity,
		"schedule": nil, "start_date": sub.StartDate.Unix(), "status": sub.Status, "test_clock": s.clockName(sub.Customer), "transfer_data": nil,
		"trial_end": unix(sub.TrialEnd), "trial_settings": trialSettings, "trial_start": unix(sub.TrialStart)}
}

func (s *Stripe) showItem(sub *Subscription, item *SubscriptionItem) object {
	price := s.state.Prices.Get(item.Price)
	return object{"id": item.ID, "object": "subscription_item", "billing_thresholds": nil, "created": item.Created.Unix(),
		"current_period_end": item.PeriodEnd.Unix(), "current_period_start": item.PeriodStart.Unix(), "discounts": []any{},
		"metadata": shown(item.Metadata), "plan": s.showPlan(price), "price": s.showPrice(price), "quantity": item.Quantity,
		"subscription": sub.ID, "tax_rates": []any{}}
}

var subscriptionRoutes = []route{
	op(http.MethodPost, "/v1/subscriptions", "customer items metadata trial_period_days trial_end trial_settings default_payment_method payment_behavior cancel_at cancel_at_period_end description collection_method off_session payment_settings proration_behavior billing_mode automatic_tax currency", (*Stripe).createSubscription),
	op(http.MethodGet, "/v1/subscriptions", "customer status price created test_clock"+paging, (*Stripe).listSubscriptions),
	op(http.MethodGet, "/v1/subscriptions/{}", "", (*Stripe).retrieveSubscription),
	op(http.MethodPost, "/v1/subscriptions/{}", "items metadata cancel_at cancel_at_period_end cancellation_details default_payment_method description trial_end proration_behavior payment_behavior", (*Stripe).updateSubscription),
	op(http.MethodDelete, "/v1/subscriptions/{}", "cancellation_details invoice_now prorate expand", (*Stripe).removeSubscription),
}
