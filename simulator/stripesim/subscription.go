package stripesim

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Subscription is a subscription on the billing clock. A zero time is null.
type Subscription struct {
	ID                string             `json:"id"`
	Created           time.Time          `json:"created"`
	StartDate         time.Time          `json:"start_date"`
	Customer          string             `json:"customer"`
	Status            string             `json:"status"`
	Currency          string             `json:"currency"`
	Items             []SubscriptionItem `json:"items"`
	Anchor            time.Time          `json:"billing_cycle_anchor"`
	AnchorConfig      *AnchorConfig      `json:"billing_cycle_anchor_config,omitempty"`
	BillingMode       string             `json:"billing_mode"` // "" is flexible
	MigratedAt        time.Time          `json:"billing_mode_updated_at"`
	CancelAtPeriodEnd bool               `json:"cancel_at_period_end"`
	CancelAt          time.Time          `json:"cancel_at"`
	CanceledAt        time.Time          `json:"canceled_at"`
	EndedAt           time.Time          `json:"ended_at"`
	TrialStart        time.Time          `json:"trial_start"`
	TrialEnd          time.Time          `json:"trial_end"`
	TrialNoticed      time.Time          `json:"trial_noticed"` // the trial end that trial_will_end announced
	// without payment method: create_invoice, cancel, pause
	TrialEndBehavior string `json:"trial_end_behavior"`
	CancelReason     string `json:"cancel_reason"`
	CancelComment    string `json:"cancel_comment"`
	CancelFeedback   string `json:"cancel_feedback"`
	CollectionMethod string `json:"collection_method"` // "" is charge_automatically
	DaysUntilDue     int64  `json:"days_until_due"`
	// of pause_collection: keep_as_draft, mark_uncollectible, void; "" when not paused
	PauseBehavior        string            `json:"pause_behavior"`
	PauseResumesAt       time.Time         `json:"pause_resumes_at"`
	PendingUpdate        *PendingUpdate    `json:"pending_update,omitempty"`
	Schedule             string            `json:"schedule"`
	SaveDefaultMethod    bool              `json:"save_default_payment_method"`
	LatestInvoice        string            `json:"latest_invoice"`
	DefaultPaymentMethod string            `json:"default_payment_method"`
	Description          string            `json:"description"`
	Metadata             map[string]string `json:"metadata"`
	Discounts            []string          `json:"discounts"`
	Features             []string          `json:"features"` // of the products, as of the start of the period
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
	copied.Features, copied.Discounts = slices.Clone(s.Features), slices.Clone(s.Discounts)
	if s.PendingUpdate != nil {
		pending := *s.PendingUpdate
		copied.PendingUpdate = &pending
	}
	copied.Items = slices.Clone(s.Items)
	for i := range copied.Items {
		copied.Items[i].Metadata = maps.Clone(copied.Items[i].Metadata)
	}
	return copied
}

// Accepted and without effect: automatic_tax, default_source (there are no
// sources), invoice_settings, payment_settings except save_default_payment_method.
// Left out, because they would change what is billed: application_fee_percent,
// backdate_start_date, billing_schedules, billing_thresholds, default_tax_rates,
// on_behalf_of, pending_invoice_item_interval, transfer_data, trial_from_plan.
const subscriptionParams = "items discounts metadata trial_end trial_settings default_payment_method payment_behavior cancel_at cancel_at_period_end description" +
	" collection_method days_until_due off_session payment_settings proration_behavior add_invoice_items automatic_tax default_source invoice_settings"

func (s *Stripe) subscriptionRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/subscriptions", subscriptionParams+" customer trial_period_days billing_cycle_anchor billing_cycle_anchor_config billing_mode currency", s.createSubscription),
		op(http.MethodGet, "/v1/subscriptions", "customer status price created test_clock collection_method current_period_start current_period_end"+paging, s.listSubscriptions),
		op(http.MethodGet, "/v1/subscriptions/{}", "", s.retrieveSubscription),
		op(http.MethodPost, "/v1/subscriptions/{}", subscriptionParams+" cancellation_details billing_cycle_anchor proration_date pause_collection", s.updateSubscription),
		op(http.MethodDelete, "/v1/subscriptions/{}", "cancellation_details invoice_now prorate expand",
			s.removeSubscription),
		op(http.MethodPost, "/v1/subscriptions/{}/resume", "billing_cycle_anchor proration_behavior proration_date",
			s.resumeSubscription),
		op(http.MethodPost, "/v1/subscriptions/{}/migrate", "billing_mode", s.migrateSubscription),
		op(http.MethodPost, "/v1/subscriptions/{}/pause", "", s.pauseSubscription).since(endive.since),
	}
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
	status := c.enum("status", "", "active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired",
		"trialing", "paused", "all", "ended")
	method := c.enum("collection_method", "", "charge_automatically", "send_invoice")
	starts, ends := timeFilter(c, "current_period_start"), timeFilter(c, "current_period_end")
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
		return wanted && (customer == "" || sub.Customer == customer) && s.listed(c, sub.Customer, clock) &&
			within(sub.Created) &&
			(method == "" || (sub.CollectionMethod == "send_invoice") == (method == "send_invoice")) &&
			slices.ContainsFunc(sub.Items, func(item SubscriptionItem) bool {
				return starts(item.PeriodStart) &&
					ends(item.PeriodEnd)
			}) &&
			(price == "" || slices.ContainsFunc(sub.Items, func(item SubscriptionItem) bool { return item.Price == price }))
	}, s.showSubscription)
}
