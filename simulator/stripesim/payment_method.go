package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
	"time"
)

// PaymentMethod is a card or a SEPA debit. Its number decides how it behaves
// when charged; only the last four digits are ever shown.
type PaymentMethod struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Customer      string            `json:"customer"` // "" until attached
	Number        string            `json:"number"`
	ExpMonth      int64             `json:"exp_month"`
	ExpYear       int64             `json:"exp_year"`
	Billing       Contact           `json:"billing_details"`
	AllowDisplay  string            `json:"allow_redisplay"`
	Metadata      map[string]string `json:"metadata"`
	SetUp         bool              `json:"set_up"`  // authenticated for charges off session
	Retired       bool              `json:"retired"` // detached, or used once without a customer
	CodeUnchecked bool              `json:"cvc_unchecked"`
}

// Key is the id.
func (m *PaymentMethod) Key() string { return m.ID }

func (m *PaymentMethod) clone() PaymentMethod {
	copied := *m
	copied.Metadata = maps.Clone(m.Metadata)
	return copied
}

// newPaymentMethod makes an unattached method of a test number. Spaces in the
// number are ignored.
func (s *Stripe) newPaymentMethod(number string, billing Contact) (*PaymentMethod, *Error) {
	number = strings.ReplaceAll(number, " ", "")
	if _, known := numbers[number]; !known {
		return nil, incorrectNumber()
	}
	billing.Address = cmp.Or(billing.Address, &Address{Country: "US"})
	return s.addPaymentMethod(PaymentMethod{Number: number, Billing: billing, AllowDisplay: "limited"}), nil
}

func incorrectNumber() *Error {
	return &Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: "incorrect_number", Param: "number",
		Message: "Your card number is incorrect. (The simulator takes only the test numbers it knows, such as 4242 4242 4242 4242.)"}
}

// addPaymentMethod stores a method; without an expiry it gets one far away.
func (s *Stripe) addPaymentMethod(fresh PaymentMethod) *PaymentMethod {
	fresh.ID, fresh.Created = s.world.NewID("pm_1", 23), s.real()
	if fresh.ExpYear == 0 {
		fresh.ExpMonth, fresh.ExpYear = 12, 2040
	}
	return s.state.PaymentMethods.Add(&fresh)
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

// readPaymentMethod takes a pm_ id or the name of a test card; nil when not
// sent. One that was detached, or used without a customer, is refused.
func (s *Stripe) readPaymentMethod(p params, field string) *PaymentMethod {
	id := p.text(field)
	if id == "" {
		return nil
	}
	if method := s.state.PaymentMethods.Get(id); method != nil {
		if method.Retired {
			p.fail(invalid(p.name(field), "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first."))
		}
		return method
	}
	number, known := cardNamed(id)
	if !known {
		p.fail(noSuch("PaymentMethod", id, p.name(field)))
		return nil
	}
	method, failure := s.newPaymentMethod(number, Contact{})
	if failure != nil {
		p.fail(failure)
	}
	return method
}

// readMethodOf is readPaymentMethod for a customer ("" for none): the method of
// another one is refused.
func (s *Stripe) readMethodOf(p params, field, customer string) *PaymentMethod {
	method := s.readPaymentMethod(p, field)
	switch {
	case method == nil || method.Customer == "" || method.Customer == customer:
	case customer == "":
		p.fail(invalid(p.name(field), "The PaymentMethod `%s` belongs to a Customer. Please include the Customer in the `customer` parameter.", method.ID))
	default:
		p.fail(invalid(p.name(field), "The payment method `%s` does not belong to the Customer you supplied `%s`. Please use this payment method with the Customer that it belongs to instead.", method.ID, customer))
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
	if len(m.Number) < 10 { // sepa and sepa_fail
		return "3201"
	}
	return m.Number[len(m.Number)-4:]
}

func (m *PaymentMethod) bank() (country, code string) {
	if strings.HasPrefix(m.Number, "IT") {
		return "IT", "05428"
	}
	return "AT", "19043"
}

func (s *Stripe) showPaymentMethod(m *PaymentMethod) object {
	shown := object{"id": m.ID, "object": "payment_method", "allow_redisplay": m.AllowDisplay,
		"billing_details": m.Billing.showBilling(),
		"created":         m.Created.Unix(), "customer": orNull(m.Customer), "customer_account": nil, "livemode": false,
		"metadata": shown(m.Metadata), "type": m.kind()}
	if m.kind() == "sepa_debit" {
		country, code := m.bank()
		shown["sepa_debit"] = object{"bank_code": code, "branch_code": nil, "country": country, "fingerprint": "simulated" +
			m.last4(),
			"generated_from": object{"charge": nil, "setup_attempt": nil}, "last4": m.last4()}
		return shown
	}
	shown["card"] = m.showCard()
	return shown
}

func (m *PaymentMethod) showCard() object {
	brand := m.behaviour().brand
	return object{"brand": brand, "checks": m.checks(), "country": "US", "display_brand": brand, "exp_month": m.ExpMonth,
		"exp_year":    m.ExpYear,
		"fingerprint": "simulated" + m.last4(), "funding": "credit", "generated_from": nil, "last4": m.last4(),
		"networks": object{"available": []any{brand}, "preferred": nil}, "regulated_status": "unregulated",
		"three_d_secure_usage": object{"supported": true}, "wallet": nil}
}

func (m *PaymentMethod) checks() object {
	var code any = "pass"
	if m.CodeUnchecked {
		code = nil
	}
	return object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": code}
}
