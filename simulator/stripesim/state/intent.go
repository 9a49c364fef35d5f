package state

import (
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Changeable lists the statuses in which nothing is charged or reserved.
var Changeable = []string{"requires_payment_method", "requires_confirmation", "requires_action"}

// Changeable reports whether the intent can still change.
func (p *PaymentIntent) Changeable() bool { return slices.Contains(Changeable, p.Status) }

// PaymentIntent is one payment. It may take several charges.
type PaymentIntent struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"` // in the currency's smallest unit
	Received      int64             `json:"amount_received"`
	Currency      string            `json:"currency"`
	Customer      string            `json:"customer"`
	Status        string            `json:"status"` // Stripe's statuses; see package intents
	PaymentMethod string            `json:"payment_method"`
	Authenticated string            `json:"authenticated"` // the method that passed a challenge
	LatestCharge  string            `json:"latest_charge"`
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	Failure       *api.Error        `json:"failure"` // of the last attempt
	ReturnURL     string            `json:"return_url"`
	CanceledAt    time.Time         `json:"canceled_at"`
	CancelReason  string            `json:"cancellation_reason"`
	ReceiptEmail  string            `json:"receipt_email"`
	Shipping      *api.Shipping     `json:"shipping"`
	Descriptor    string            `json:"statement_descriptor"`
	Suffix        string            `json:"statement_descriptor_suffix"`

	Types            []string `json:"payment_method_types"`      // nil: everything the account offers
	Redirects        string   `json:"allow_redirects"`           // with nil Types: always, never
	Capture          string   `json:"capture_method"`            // automatic, automatic_async, manual
	Confirmation     string   `json:"confirmation_method"`       // automatic, manual
	SetupFutureUsage string   `json:"setup_future_usage"`        // on_session, off_session: save the method
	Invoice          string   `json:"invoice,omitempty"`         // the invoice it pays
	Session          string   `json:"checkout_session,omitzero"` // the checkout session it pays
}

// Key is the id.
func (p *PaymentIntent) Key() string { return p.ID }

// Clone returns a copy that shares no slices or maps.
func (p *PaymentIntent) Clone() PaymentIntent {
	copied := *p
	copied.Metadata = maps.Clone(p.Metadata)
	return copied
}

// Secret returns the client secret.
func (p *PaymentIntent) Secret() string { return p.ID + "_secret_simulated" }

// Capturable returns the amount that is reserved and not captured.
func (p *PaymentIntent) Capturable() int64 {
	if p.Status == "requires_capture" {
		return p.Amount
	}
	return 0
}

// ShowOptions shows payment_method_options.
func (p *PaymentIntent) ShowOptions() api.Object {
	options := api.Object{}
	if slices.Contains(Offered(p.Types, p.Currency), any("card")) {
		options["card"] = api.Object{"installments": nil, "mandate_options": nil, "network": nil,
			"request_three_d_secure": "automatic"}
	}
	if slices.Contains(Offered(p.Types, p.Currency), any("sepa_debit")) {
		options["sepa_debit"] = api.Object{}
	}
	return options
}

// Offered shows payment_method_types: the requested ones, or all that the account offers in the
// currency.
func Offered(types []string, currency string) []any {
	if types == nil {
		if currency == "eur" {
			return []any{"card", "sepa_debit"}
		}
		return []any{"card"}
	}
	shown := make([]any, len(types))
	for i, kind := range types {
		shown[i] = kind
	}
	return shown
}

// SetupIntent saves a payment method without charging it.
type SetupIntent struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Customer      string            `json:"customer"`
	Status        string            `json:"status"`
	PaymentMethod string            `json:"payment_method"`
	Usage         string            `json:"usage"` // off_session, on_session
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	Types         []string          `json:"payment_method_types"` // nil: everything the account offers
	Redirects     string            `json:"allow_redirects"`
	ReturnURL     string            `json:"return_url"`
	Failure       *api.Error        `json:"failure"`
	CancelReason  string            `json:"cancellation_reason"`
	Session       string            `json:"checkout_session"`
	Portal        string            `json:"portal_session"` // where the method is added
}

// Key is the id.
func (i *SetupIntent) Key() string { return i.ID }

// Secret returns the client secret.
func (i *SetupIntent) Secret() string { return i.ID + "_secret_simulated" }
