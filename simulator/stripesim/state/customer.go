package state

import (
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// BalanceTransaction is one change of a customer's balance.
type BalanceTransaction struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Customer      string            `json:"customer"`
	Amount        int64             `json:"amount"` // negative is credit
	EndingBalance int64             `json:"ending_balance"`
	Currency      string            `json:"currency"`
	Description   string            `json:"description"`
	Invoice       string            `json:"invoice"`
	Type          string            `json:"type"` // initial, adjustment, applied_to_invoice, unapplied_from_invoice
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (b *BalanceTransaction) Key() string { return b.ID }

// Owner is the customer.
func (b *BalanceTransaction) Owner() string { return b.Customer }

// Customer is a customer. A deleted one is kept, because retrieving it answers
// 200 with deleted: true.
type Customer struct {
	ID                   string            `json:"id"`
	Created              time.Time         `json:"created"`
	Email                string            `json:"email"`
	Name                 string            `json:"name"`
	Description          string            `json:"description"`
	Phone                string            `json:"phone"`
	Address              *api.Address      `json:"address"`
	Shipping             *api.Recipient    `json:"shipping"`
	Locales              []string          `json:"preferred_locales"`
	TaxExempt            string            `json:"tax_exempt"` // "": none
	Currency             string            `json:"currency"`
	Metadata             map[string]string `json:"metadata"`
	DefaultPaymentMethod string            `json:"default_payment_method"`
	InvoicePrefix        string            `json:"invoice_prefix"`
	NextInvoice          int64             `json:"next_invoice_sequence"`
	Balance              int64             `json:"balance"` // negative is credit for future invoices
	Delinquent           bool              `json:"delinquent"`
	Discount             string            `json:"discount"`   // on everything the customer pays
	TestClock            string            `json:"test_clock"` // the test clock it lives on
	Deleted              bool              `json:"deleted"`
}

// Key is the id.
func (c *Customer) Key() string { return c.ID }

// Owner is the e-mail address, the most frequent filter.
func (c *Customer) Owner() string { return c.Email }

// Clone returns a copy that shares no maps.
func (c *Customer) Clone() Customer {
	copied := *c
	copied.Metadata, copied.Locales = maps.Clone(c.Metadata), slices.Clone(c.Locales)
	return copied
}
