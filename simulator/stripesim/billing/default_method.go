package billing

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// SetCard attaches a card to a customer and makes it the default.
func (s *Billing) SetCard(customer *state.Customer, number string) *api.Error {
	method, failure := s.Customers.NewPaymentMethod(number, api.Contact{Email: customer.Email})
	if failure != nil {
		return failure
	}
	s.Customers.Attach(method, customer.ID)
	s.MakeDefault(customer, method)
	return nil
}

// MakeDefault makes a payment method the default of a customer, and of the live
// subscriptions that have a default of their own.
func (s *Billing) MakeDefault(customer *state.Customer, method *state.PaymentMethod) {
	s.Customers.ChangeCustomer(customer, func() { customer.DefaultPaymentMethod = method.ID })
	for _, subscription := range s.State.Subscriptions.Of(customer.ID) {
		if subscription.Live() && subscription.DefaultPaymentMethod != "" {
			s.ChangeSubscription(subscription, func() { subscription.DefaultPaymentMethod = method.ID })
		}
	}
}
