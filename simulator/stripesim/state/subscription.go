package state

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Subscription is a subscription. The API shows a zero time as null.
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
	TrialNoticed      time.Time          `json:"trial_noticed"` // the trial end that trial_will_end was sent for
	// without a payment method: create_invoice, cancel, pause
	TrialEndBehavior string `json:"trial_end_behavior"`
	CancelReason     string `json:"cancel_reason"`
	CancelComment    string `json:"cancel_comment"`
	CancelFeedback   string `json:"cancel_feedback"`
	CollectionMethod string `json:"collection_method"` // "" is charge_automatically
	DaysUntilDue     int64  `json:"days_until_due"`
	// by pause_collection: keep_as_draft, mark_uncollectible, void; "" when
	// collecting
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
	Features             []string          `json:"features"` // of the products, as of the period's start
}

// PendingUpdate is a change that applies when its invoice is paid.
type PendingUpdate struct {
	ExpiresAt     time.Time          `json:"expires_at"`
	Invoice       string             `json:"invoice"`
	Items         []SubscriptionItem `json:"items"`
	Anchor        time.Time          `json:"billing_cycle_anchor"` // zero: unchanged
	TrialEnd      time.Time          `json:"trial_end"`
	ProrationDate time.Time          `json:"proration_date"`
}

// SubscriptionItem is one price of a subscription. It has a period of its own.
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

// Live reports whether the subscription can still change on its own.
func (s Subscription) Live() bool {
	return !slices.Contains([]string{"canceled", "incomplete_expired"}, s.Status)
}

// PeriodEnd returns the end of the current period. If items differ, it is the
// earliest end.
func (s Subscription) PeriodEnd() time.Time {
	return slices.MinFunc(s.Items, byPeriodEnd).PeriodEnd
}

// LastPeriodEnd returns the latest end of an item's period.
func (s Subscription) LastPeriodEnd() time.Time {
	return slices.MaxFunc(s.Items, byPeriodEnd).PeriodEnd
}

func byPeriodEnd(a, b SubscriptionItem) int { return a.PeriodEnd.Compare(b.PeriodEnd) }

// Clone returns a copy that shares no slices or maps.
func (s Subscription) Clone() Subscription {
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

// Key is the id.
func (i *SubscriptionItem) Key() string { return i.ID }

// Mode returns the billing mode: flexible or classic.
func (s Subscription) Mode() string { return cmp.Or(s.BillingMode, "flexible") }
