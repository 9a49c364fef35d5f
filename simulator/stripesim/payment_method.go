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
	SetUp    bool      `json:"set_up"` // authenticated for charges off session
}

// Key is the id.
func (m *PaymentMethod) Key() string { return m.ID }

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

// cardNamed returns the number of a test card that is named pm_card_x or tok_x.
func cardNamed(name string) (number string, known bool) {
	short, isMethod := strings.CutPrefix(name, "pm_card_")
	if !isMethod {
		var isToken bool
		if short, isToken = strings.CutPrefix(name, "tok_"); !isToken {
			return "", false
		}
	}
	number, known = cards[short]
	return number, known
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
	number, known := cardNamed(id)
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

// attach makes a method a customer's, with its event; one that is the
// customer's already stays as it is.
func (s *Stripe) attach(method *PaymentMethod, customer string) {
	if method.Customer == customer {
		return
	}
	method.Customer = customer
	s.emit("payment_method.attached", s.showPaymentMethod(method), nil)
}

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
