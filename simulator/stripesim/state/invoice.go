package state

import (
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Invoice asks a customer for money, for a subscription or on its own.
type Invoice struct {
	ID                   string            `json:"id"`
	Created              time.Time         `json:"created"`
	Customer             string            `json:"customer"`
	Subscription         string            `json:"subscription"`          // "" for an invoice created on its own
	SubscriptionMetadata map[string]string `json:"subscription_metadata"` // as of the invoice's creation
	Reason               string            `json:"billing_reason"`
	Status               string            `json:"status"` // draft, open, paid, uncollectible, void
	Number               string            `json:"number"` // shown once finalized
	Currency             string            `json:"currency"`
	Description          string            `json:"description"`
	Footer               string            `json:"footer"`
	Metadata             map[string]string `json:"metadata"`
	CollectionMethod     string            `json:"collection_method"` // "" is charge_automatically
	DaysUntilDue         int64             `json:"days_until_due"`
	DueDate              time.Time         `json:"due_date"`
	DefaultPaymentMethod string            `json:"default_payment_method"`
	Lines                []InvoiceLine     `json:"lines"`
	Discounts            []string          `json:"discounts"`
	PaymentIntent        string            `json:"payment_intent"` // "" when nothing was due, or before the first attempt
	PaymentID            string            `json:"payment_id"`     // the InvoicePayment that ties the intent to the invoice
	PaidOutOfBand        bool              `json:"paid_out_of_band"`
	AutoAdvance          bool              `json:"auto_advance"`
	Attempts             int               `json:"attempt_count"`
	NextAttempt          time.Time         `json:"next_payment_attempt"`
	FinalizesAt          time.Time         `json:"automatically_finalizes_at"`
	FinalizedAt          time.Time         `json:"finalized_at"`
	PaidAt               time.Time         `json:"paid_at"`
	UncollectibleAt      time.Time         `json:"marked_uncollectible_at"`
	VoidedAt             time.Time         `json:"voided_at"`
	PeriodStart          time.Time         `json:"period_start"`
	PeriodEnd            time.Time         `json:"period_end"`
	ProrationDate        time.Time         `json:"subscription_proration_date"`
	// invoice.created; finalization waits for its delivery
	CreatedEvent string `json:"created_event"`

	// Finalization sets these: the customer's balance before and after, and what
	// is due.
	StartingBalance int64  `json:"starting_balance"`
	EndingBalance   int64  `json:"ending_balance"`
	Due             int64  `json:"amount_due"`
	CustomerEmail   string `json:"customer_email"`
	CustomerName    string `json:"customer_name"`
}

// InvoiceLine is one line of an invoice.
type InvoiceLine struct {
	ID          string            `json:"id"`
	Price       string            `json:"price"` // "" for an amount without a price
	Quantity    int64             `json:"quantity"`
	Amount      int64             `json:"amount"`
	Item        string            `json:"subscription_item"` // "" for a one-time price
	InvoiceItem string            `json:"invoice_item"`      // the invoice item behind the line; "" for a subscription's own line
	Proration   bool              `json:"proration"`
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata"`
	Discounts   []string          `json:"discounts"` // the item's own
	Taken       []LineDiscount    `json:"taken"`     // what all discounts take off
	PeriodStart time.Time         `json:"period_start"`
	PeriodEnd   time.Time         `json:"period_end"`
}

// Key is the id.
func (i *Invoice) Key() string { return i.ID }

// Owners are the customer and the subscription.
func (i *Invoice) Owners() []string {
	if i.Subscription == "" {
		return []string{i.Customer}
	}
	return []string{i.Customer, i.Subscription}
}

// Key is the id.
func (l *InvoiceLine) Key() string { return l.ID }

// Subtotal is the sum of the lines. It can be negative.
func (i *Invoice) Subtotal() int64 {
	var subtotal int64
	for _, line := range i.Lines {
		subtotal += line.Amount
	}
	return subtotal
}

// Total is what is left of the subtotal after discounts.
func (i *Invoice) Total() int64 {
	total := i.Subtotal()
	for _, line := range i.Lines {
		total -= line.off()
	}
	return total
}

// Finalized reports whether the invoice is finalized.
func (i *Invoice) Finalized() bool { return !i.FinalizedAt.IsZero() }

// Sent reports whether the invoice is sent to the customer instead of charged.
func (i *Invoice) Sent() bool { return i.CollectionMethod == "send_invoice" }

// Clone returns a copy that shares no slices or maps.
func (i *Invoice) Clone() Invoice {
	copied := *i
	copied.Lines, copied.Discounts = slices.Clone(i.Lines), slices.Clone(i.Discounts)
	copied.Metadata, copied.SubscriptionMetadata = maps.Clone(i.Metadata), maps.Clone(i.SubscriptionMetadata)
	return copied
}

// SettleBalance applies a customer's balance to a total. It returns what is due
// and the balance afterwards. A negative balance is credit; a positive one is
// added to the total.
func SettleBalance(total, balance int64) (due, after int64) {
	sum := total + balance
	if sum >= 0 {
		return sum, 0
	}
	return 0, sum
}

// ShowParent shows what the invoice was made for; null for one created on its
// own.
func (i *Invoice) ShowParent() any {
	if i.Subscription == "" {
		return nil
	}
	details := api.Object{"metadata": api.Shown(i.SubscriptionMetadata), "subscription": i.Subscription}
	if !i.ProrationDate.IsZero() {
		details["subscription_proration_date"] = i.ProrationDate.Unix()
	}
	return api.Object{"quote_details": nil, "subscription_details": details, "type": "subscription_details"}
}
