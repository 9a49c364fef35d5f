package state

import "time"

// InvoiceItem is an amount for a customer's next invoice. On an invoice, it is
// the origin of a line.
type InvoiceItem struct {
	ID           string            `json:"id"`
	Created      time.Time         `json:"created"`
	Customer     string            `json:"customer"`
	Subscription string            `json:"subscription"` // "" for any invoice of the customer
	Item         string            `json:"subscription_item"`
	Invoice      string            `json:"invoice"` // "" while pending
	Price        string            `json:"price"`
	Quantity     int64             `json:"quantity"`
	Amount       int64             `json:"amount"`
	Currency     string            `json:"currency"`
	Description  string            `json:"description"`
	Proration    bool              `json:"proration"`
	Discountable bool              `json:"discountable"`
	Discounts    []string          `json:"discounts"`
	PeriodStart  time.Time         `json:"period_start"`
	PeriodEnd    time.Time         `json:"period_end"`
	Metadata     map[string]string `json:"metadata"`
}

// Key is the id.
func (i *InvoiceItem) Key() string { return i.ID }

// Owner is the customer.
func (i *InvoiceItem) Owner() string { return i.Customer }

// InvoicePayment ties a payment intent to the invoice it pays.
type InvoicePayment struct {
	ID            string    `json:"id"`
	Created       time.Time `json:"created"`
	Invoice       string    `json:"invoice"`
	PaymentIntent string    `json:"payment_intent"`
	CanceledAt    time.Time `json:"canceled_at"`
}

// Key is the id.
func (p *InvoicePayment) Key() string { return p.ID }

// Owners are the invoice and the intent.
func (p *InvoicePayment) Owners() []string { return []string{p.Invoice, p.PaymentIntent} }
