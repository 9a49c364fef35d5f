package state

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// PaymentMethod is a card or a SEPA debit. Its number decides what a charge
// does. The API shows only the last four digits.
type PaymentMethod struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Customer      string            `json:"customer"` // "" until attached
	Number        string            `json:"number"`
	ExpMonth      int64             `json:"exp_month"`
	ExpYear       int64             `json:"exp_year"`
	Billing       api.Contact       `json:"billing_details"`
	AllowDisplay  string            `json:"allow_redisplay"`
	Metadata      map[string]string `json:"metadata"`
	SetUp         bool              `json:"set_up"`  // authenticated for off-session charges
	Retired       bool              `json:"retired"` // detached, or used once without a customer
	CodeUnchecked bool              `json:"cvc_unchecked"`
}

// Key is the id.
func (m *PaymentMethod) Key() string { return m.ID }

// Clone returns a copy that shares no maps.
func (m *PaymentMethod) Clone() PaymentMethod {
	copied := *m
	copied.Metadata = maps.Clone(m.Metadata)
	return copied
}

// Kind returns the type: card or sepa_debit.
func (m *PaymentMethod) Kind() string {
	if m.Behaviour().Delayed {
		return "sepa_debit"
	}
	return "card"
}

// Last4 returns the last four digits.
func (m *PaymentMethod) Last4() string {
	if len(m.Number) < 10 { // sepa and sepa_fail
		return "3201"
	}
	return m.Number[len(m.Number)-4:]
}

// Bank returns the country and bank code of a SEPA debit.
func (m *PaymentMethod) Bank() (country, code string) {
	if strings.HasPrefix(m.Number, "IT") {
		return "IT", "05428"
	}
	return "AT", "19043"
}

// ShowCard shows the card.
func (m *PaymentMethod) ShowCard() api.Object {
	brand := m.Behaviour().Brand
	return api.Object{"brand": brand, "checks": m.Checks(), "country": "US", "display_brand": brand,
		"exp_month": m.ExpMonth, "exp_year": m.ExpYear, "fingerprint": "simulated" + m.Last4(), "funding": "credit",
		"generated_from": nil, "last4": m.Last4(), "networks": api.Object{"available": []any{brand}, "preferred": nil},
		"regulated_status": "unregulated", "three_d_secure_usage": api.Object{"supported": true}, "wallet": nil}
}

// Checks shows the results of the card checks.
func (m *PaymentMethod) Checks() api.Object {
	var code any = "pass"
	if m.CodeUnchecked {
		code = nil
	}
	return api.Object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": code}
}

// Describe names the payment method for a person, such as "Visa ending in
// 4242".
func (m *PaymentMethod) Describe() string {
	if m.Kind() == "sepa_debit" {
		return "SEPA debit •••• " + m.Last4()
	}
	brand := m.Behaviour().Brand
	return strings.ToUpper(brand[:1]) + brand[1:] + " •••• " + m.Last4()
}

// Expires returns the expiry of a card for a person, or "".
func (m *PaymentMethod) Expires() string {
	if m.Kind() == "sepa_debit" {
		return ""
	}
	return fmt.Sprintf("expires %02d/%d", m.ExpMonth, m.ExpYear)
}
