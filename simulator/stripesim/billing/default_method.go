package billing

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Billing) SetCard(customer *state.Customer, number string) *api.Error {
	method, failure := s.Customers.NewPaymentMethod(number, api.Contact{Email: customer.Email})
	if failure != nil {
		return failure
	}
	s.Customers.Attach(method, customer.ID)
	s.MakeDefault(customer, method)
	return nil
}

// MakeDefault makes a method the default of a customer, and of those live
// subscriptions that have their own.
func (s *Billing) MakeDefault(customer *state.Customer, method *state.PaymentMethod) {
	s.Customers.ChangeCustomer(customer, func() { customer.DefaultPaymentMethod = method.ID })
	for _, subscription := range s.State.Subscriptions.Of(customer.ID) {
		if subscription.Live() && subscription.DefaultPaymentMethod != "" {
			s.ChangeSubscription(subscription, func() { subscription.DefaultPaymentMethod = method.ID })
		}
	}
}
