package lockstep

import (
	"context"
	"time"
)

// Invoice is what Lockstep tells a customer about an invoice of a subscription.
type Invoice struct {
	ID       string // empty for a preview
	URL      string // Stripe's page to read, pay or confirm it; empty for drafts and previews
	Amount   int64  // what is due after discounts, tax and credit, in the currency's smallest unit
	Currency string
	Open     bool // it is neither paid nor void
	// NeedsAction says that its payment waits for the customer to confirm it (3-D Secure).
	// Only [Invoices.Invoice] sets it.
	NeedsAction bool
}

// Refund is money that was sent back, or is on its way.
type Refund struct {
	ID            string
	CustomerID    string // empty: the payer was a guest
	Amount        int64  // in the currency's smallest unit
	Currency      string
	PaymentAmount int64  // of the refunded payment
	ReceiptURL    string // Stripe's receipt of the payment, which shows its refunds; may be empty
	CreatedAt     time.Time
}

// Invoices reads what notices and e-mails say about payments. Errors are [*UpstreamError].
type Invoices interface {
	// Invoice returns an invoice, or ErrNotFound.
	Invoice(ctx context.Context, id string) (Invoice, error)
	// NextInvoice returns a preview of a subscription's next invoice, or ErrNotFound if there
	// will be none.
	NextInvoice(ctx context.Context, subscriptionID string) (Invoice, error)
	// Refunds returns the refunds of a payment intent that succeeded or are pending.
	Refunds(ctx context.Context, paymentID string) ([]Refund, error)
}
