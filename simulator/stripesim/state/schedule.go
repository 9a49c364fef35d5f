package state

import "time"

// Schedule changes a subscription in phases.
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
	Current              int               `json:"current"` // index of the current phase while active
	CanceledAt           time.Time         `json:"canceled_at"`
	CompletedAt          time.Time         `json:"completed_at"`
	ReleasedAt           time.Time         `json:"released_at"`

	// Defaults of the phases.
	CollectionMethod     string `json:"collection_method"`
	DaysUntilDue         int64  `json:"days_until_due"`
	DefaultPaymentMethod string `json:"default_payment_method"`
	Description          string `json:"description"`
}

// Phase is a stretch of time in which a subscription has certain items.
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

// PhaseItem is a price and its quantity.
type PhaseItem struct {
	Price    string            `json:"price"`
	Quantity int64             `json:"quantity"`
	Metadata map[string]string `json:"metadata"`
}

// Key is the id.
func (s *Schedule) Key() string { return s.ID }

// Owner is the customer.
func (s *Schedule) Owner() string { return s.Customer }

// Live reports whether the schedule can still change its subscription.
func (s *Schedule) Live() bool { return s.Status == "not_started" || s.Status == "active" }

// End returns the end of the last phase.
func (s *Schedule) End() time.Time { return s.Phases[len(s.Phases)-1].End }
