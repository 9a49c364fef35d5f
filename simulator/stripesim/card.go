package stripesim

import (
	"net/http"
	"strings"
	"time"
)

// PaymentMethod is a card or a SEPA debit. Its number decides how it behaves
// when charged; only the last four digits are ever shown.
type PaymentMethod struct {
	ID       string    `json:"id"`
	Created  time.Time `json:"created"`
	Customer string    `json:"customer"` // "" until attached
	Number   string    `json:"number"`
	Email    string    `json:"email"`
}

// Key is the id.
func (m *PaymentMethod) Key() string { return m.ID }

// behaviour is what happens when a payment method is charged.
type behaviour struct {
	brand   string
	decline string // decline code; "" is accepted
	code    string // error code of the decline, default card_declined
	message string
	delayed bool // the outcome is known a day later
	fails   bool // with delayed: the outcome is a failure
}

const declined = "Your card was declined."

// numbers are the test numbers the simulator knows. Every other number is
// refused as incorrect, so that nobody types a real one in. The cards that ask
// for 3-D Secure are among the others.
var numbers = map[string]behaviour{
	"4242424242424242": {brand: "visa"},
	"4000056655665556": {brand: "visa"},
	"5555555555554444": {brand: "mastercard"},
	"378282246310005":  {brand: "amex"},
	"4000000000000002": {brand: "visa", decline: "generic_decline", message: declined},
	"4000000000000341": {brand: "visa", decline: "generic_decline", message: declined}, // attaches, every charge fails
	"4000000000009995": {brand: "visa", decline: "insufficient_funds", message: "Your card has insufficient funds."},
	"4000000000009987": {brand: "visa", decline: "lost_card", message: declined},
	"4000000000009979": {brand: "visa", decline: "stolen_card", message: declined},
	"4000000000000069": {brand: "visa", code: "expired_card", decline: "expired_card", message: "Your card has expired."},
	"4000000000000127": {brand: "visa", code: "incorrect_cvc", decline: "incorrect_cvc", message: "Your card's security code is incorrect."},
	"4000000000000119": {brand: "visa", code: "processing_error", decline: "processing_error", message: "An error occurred while processing your card. Try again in a little bit."},
	"sepa":             {delayed: true},
	"sepa_fail":        {delayed: true, fails: true, decline: "generic_decline", message: "The customer's bank refused the debit."},
}

// tokens are the names by which an API client passes a test card.
var tokens = map[string]string{
	"pm_card_visa": "4242424242424242", "tok_visa": "4242424242424242", "pm_card_mastercard": "5555555555554444", "pm_card_amex": "378282246310005",
	"pm_card_chargeDeclined": "4000000000000002", "pm_card_visa_chargeDeclined": "4000000000000002",
	"pm_card_chargeCustomerFail": "4000000000000341", "tok_chargeCustomerFail": "4000000000000341",
	"pm_card_chargeDeclinedInsufficientFunds": "4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
}

// newPaymentMethod makes an unattached method of a test number. Spaces in the
// number are ignored.
func (s *Stripe) newPaymentMethod(number, email string) (*PaymentMethod, *Error) {
	number = strings.ReplaceAll(number, " ", "")
	if _, known := numbers[number]; !known {
		return nil, &Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: "incorrect_number", Param: "number",
			Message: "Your card number is incorrect. (The simulator takes only the test numbers it knows, such as 4242 4242 4242 4242.)"}
	}
	return s.state.PaymentMethods.Add(&PaymentMethod{ID: s.world.NewID("pm_1", 23), Created: s.real(), Number: number, Email: email}), nil
}

// readPaymentMethod takes a pm_ id or the name of a test card; nil when not sent.
func (s *Stripe) readPaymentMethod(p params, field string) *PaymentMethod {
	id := p.text(field)
	if id == "" {
		return nil
	}
	if method := s.state.PaymentMethods.Get(id); method != nil {
		return method
	}
	number, known := tokens[id]
	if !known {
		p.fail(noSuch("PaymentMethod", id, p.name(field)))
		return nil
	}
	method, failure := s.newPaymentMethod(number, "")
	if failure != nil {
		p.fail(failure)
	}
	return method
}

func (m *PaymentMethod) behaviour() behaviour { return numbers[m.Number] }

func (m *PaymentMethod) kind() string {
	if m.behaviour().delayed {
		return "sepa_debit"
	}
	return "card"
}

func (m *PaymentMethod) last4() string {
	if m.behaviour().delayed {
		return "3201"
	}
	return m.Number[len(m.Number)-4:]
}

func (s *Stripe) showPaymentMethod(m *PaymentMethod) object {
	shown := object{"id": m.ID, "object": "payment_method", "allow_redisplay": "limited", "billing_details": billingDetails(m.Email),
		"created": m.Created.Unix(), "customer": orNull(m.Customer), "customer_account": nil, "livemode": false,
		"metadata": object{}, "type": m.kind()}
	if m.kind() == "sepa_debit" {
		shown["sepa_debit"] = object{"bank_code": "19043", "branch_code": nil, "country": "AT", "fingerprint": "simulated", "generated_from": nil, "last4": m.last4()}
		return shown
	}
	shown["card"] = m.showCard()
	return shown
}

func (m *PaymentMethod) showCard() object {
	return object{"brand": m.behaviour().brand, "checks": object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
		"country": "US", "display_brand": m.behaviour().brand, "exp_month": 12, "exp_year": 2040, "fingerprint": "simulated",
		"funding": "credit", "generated_from": nil, "last4": m.last4(),
		"networks":             object{"available": []any{m.behaviour().brand}, "preferred": nil},
		"regulated_status":     "unregulated",
		"three_d_secure_usage": object{"supported": true}, "wallet": nil}
}

func billingDetails(email string) object {
	return object{"address": object{"city": nil, "country": "US", "line1": nil, "line2": nil, "postal_code": nil, "state": nil},
		"email": orNull(email), "name": nil, "phone": nil, "tax_id": nil}
}
