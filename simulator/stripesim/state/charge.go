package state

import (
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Charge is one attempt to take money.
type Charge struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"`
	Captured      int64             `json:"amount_captured"`
	Reserved      bool              `json:"reserved"` // authorized, not captured yet
	Refunded      int64             `json:"amount_refunded"`
	Currency      string            `json:"currency"`
	Customer      string            `json:"customer"`
	PaymentIntent string            `json:"payment_intent"`
	PaymentMethod string            `json:"payment_method"`
	Authenticated bool              `json:"authenticated"` // by 3-D Secure
	Status        string            `json:"status"`        // succeeded, pending, failed
	Failure       *api.Error        `json:"failure"`
	Disputed      bool              `json:"disputed"`
	Billing       api.Contact       `json:"billing_details"`
	Description   string            `json:"description"`
	ReceiptEmail  string            `json:"receipt_email"`
	Shipping      *api.Shipping     `json:"shipping"`
	Descriptor    string            `json:"statement_descriptor"`
	Suffix        string            `json:"statement_descriptor_suffix"`
	Fraud         string            `json:"user_report"` // safe, fraudulent
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (c *Charge) Key() string { return c.ID }

// Owner is the payment intent.
func (c *Charge) Owner() string { return c.PaymentIntent }

// Outcome shows how the network decided.
func (c *Charge) Outcome() api.Object {
	outcome := api.Object{"type": "authorized", "network_status": "approved_by_network", "reason": nil,
		"risk_level": "normal", "risk_score": 32, "seller_message": "Payment complete.", "advice_code": nil,
		"network_advice_code": nil, "network_decline_code": nil}
	if c.Failure != nil {
		maps.Copy(outcome, api.Object{"type": "issuer_declined", "network_status": "declined_by_network",
			"reason":         c.Failure.DeclineCode,
			"seller_message": "The bank did not return any further details with this decline."})
	}
	return outcome
}

// Dispute is a cardholder's complaint about a charge. An inquiry moves no
// money.
type Dispute struct {
	ID        string            `json:"id"`
	Created   time.Time         `json:"created"`
	Charge    string            `json:"charge"`
	Reason    string            `json:"reason"`
	Inquiry   bool              `json:"inquiry"`
	Status    string            `json:"status"` // Stripe's statuses; those with warning_ belong to inquiries
	Evidence  map[string]string `json:"evidence"`
	Submitted int               `json:"submission_count"`
	Metadata  map[string]string `json:"metadata"`
}

// Key is the id.
func (d *Dispute) Key() string { return d.ID }

// Owner is the charge.
func (d *Dispute) Owner() string { return d.Charge }

// Closed reports whether the dispute is decided.
func (d *Dispute) Closed() bool {
	return slices.Contains([]string{"won", "lost", "warning_closed"}, d.Status)
}

// CaseType returns inquiry or chargeback.
func (d *Dispute) CaseType() string {
	if d.Inquiry {
		return "inquiry"
	}
	return "chargeback"
}

// Refund returns money of a charge.
type Refund struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	Charge        string            `json:"charge"`
	PaymentIntent string            `json:"payment_intent"`
	Reason        string            `json:"reason"`
	Status        string            `json:"status"`    // succeeded, pending, failed, canceled
	Reference     string            `json:"reference"` // for the bank; "" while there is none
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (r *Refund) Key() string { return r.ID }

// Owner is the charge.
func (r *Refund) Owner() string { return r.Charge }

// ShowReference shows the reference and whether it is available.
func (r *Refund) ShowReference() api.Object {
	reference := api.Object{"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
	if r.Reference != "" {
		reference["reference"], reference["reference_status"] = r.Reference, "available"
	}
	return reference
}
