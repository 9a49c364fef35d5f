package customers

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// NewPaymentMethod creates an unattached method from a test number. It ignores
// spaces in the number.
func (s *Customers) NewPaymentMethod(number string, billing api.Contact) (*state.PaymentMethod, *api.Error) {
	number = strings.ReplaceAll(number, " ", "")
	if _, known := state.Numbers[number]; !known {
		return nil, incorrectNumber()
	}
	billing.Address = cmp.Or(billing.Address, &api.Address{Country: "US"})
	return s.AddPaymentMethod(state.PaymentMethod{Number: number, Billing: billing, AllowDisplay: "limited"}), nil
}

func incorrectNumber() *api.Error {
	return &api.Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: "incorrect_number", Param: "number",
		Message: "Your card number is incorrect. (The simulator accepts only its test numbers, such as 4242 4242 4242 4242.)"}
}

// AddPaymentMethod stores a method. Without an expiry it gets one far in the
// future.
func (s *Customers) AddPaymentMethod(fresh state.PaymentMethod) *state.PaymentMethod {
	fresh.ID, fresh.Created = s.World.NewID("pm_1", 23), s.Real()
	if fresh.ExpYear == 0 {
		fresh.ExpMonth, fresh.ExpYear = 12, 2040
	}
	return s.State.PaymentMethods.Add(&fresh)
}

// cardNamed returns the number of a test card by its name pm_card_x or tok_x.
func cardNamed(name string) (number string, known bool) {
	short, isMethod := strings.CutPrefix(name, "pm_card_")
	if !isMethod {
		var isToken bool
		if short, isToken = strings.CutPrefix(name, "tok_"); !isToken {
			return "", false
		}
	}
	number, known = state.Cards[short]
	return number, known
}

// ReadPaymentMethod reads a pm_ id or the name of a test card. It returns nil
// when none was sent. It refuses a method that was detached or used without a
// customer.
func (s *Customers) ReadPaymentMethod(p api.Params, field string) *state.PaymentMethod {
	id := p.Text(field)
	if id == "" {
		return nil
	}
	if method := s.State.PaymentMethods.Get(id); method != nil {
		if method.Retired {
			p.Fail(api.Invalid(p.Name(field), "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first."))
		}
		return method
	}
	number, known := cardNamed(id)
	if !known {
		p.Fail(api.NoSuch("PaymentMethod", id, p.Name(field)))
		return nil
	}
	method, failure := s.NewPaymentMethod(number, api.Contact{})
	if failure != nil {
		p.Fail(failure)
	}
	return method
}

// ReadMethodOf is ReadPaymentMethod for a customer ("" for none). It refuses
// another customer's method.
func (s *Customers) ReadMethodOf(p api.Params, field, customer string) *state.PaymentMethod {
	method := s.ReadPaymentMethod(p, field)
	switch {
	case method == nil || method.Customer == "" || method.Customer == customer:
	case customer == "":
		p.Fail(api.Invalid(p.Name(field), "The PaymentMethod `%s` belongs to a Customer. Please include the Customer in the `customer` parameter.", method.ID))
	default:
		p.Fail(api.Invalid(p.Name(field), "The payment method `%s` does not belong to the Customer you supplied `%s`. Please use this payment method with the Customer that it belongs to instead.", method.ID, customer))
	}
	return method
}

// Attach attaches a method to a customer and emits the event. It does nothing
// if the method is attached to that customer already.
func (s *Customers) Attach(method *state.PaymentMethod, customer string) {
	if method.Customer == customer {
		return
	}
	method.Customer = customer
	s.Events.Emit("payment_method.attached", s.ShowPaymentMethod(method), nil)
}

// Detach detaches a method. It cannot be used again.
func (s *Customers) Detach(method *state.PaymentMethod) {
	before := s.ShowPaymentMethod(method)
	method.Customer, method.Retired = "", true
	s.Events.Emit("payment_method.detached", s.ShowPaymentMethod(method),
		api.Previous(before, s.ShowPaymentMethod(method)))
}
