package billing

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Billing) removeCustomer(c *api.Call) (api.Object, error) {
	customer, err := s.LiveCustomer(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	s.DeleteCustomer(customer)
	return s.ShowCustomer(customer), nil
}

// DeleteCustomer cancels a customer's live subscriptions and deletes the
// customer.
func (s *Billing) DeleteCustomer(customer *state.Customer) {
	for _, subscription := range s.State.Subscriptions.Of(customer.ID) {
		if subscription.Live() {
			s.CancelNow(subscription, "")
		}
	}
	whole := s.ShowCustomer(customer)
	whole["deleted"] = true
	customer.Deleted = true
	s.Events.Emit("customer.deleted", whole, nil)
}

// detachPaymentMethod detaches a method permanently. It is no longer the
// default of the customer or of subscriptions.
func (s *Billing) detachPaymentMethod(c *api.Call) (api.Object, error) {
	method := s.State.PaymentMethods.Get(c.Path[0])
	if method == nil {
		return nil, api.NoSuch("PaymentMethod", c.Path[0], "id")
	}
	customer := s.State.Customers.Get(method.Customer)
	if customer == nil {
		return nil, api.Invalid("", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	s.Customers.Detach(method)
	if customer.DefaultPaymentMethod == method.ID {
		s.Customers.ChangeCustomer(customer, func() { customer.DefaultPaymentMethod = "" })
	}
	for _, sub := range s.State.Subscriptions.Of(customer.ID) {
		if sub.Live() && sub.DefaultPaymentMethod == method.ID {
			s.ChangeSubscription(sub, func() { sub.DefaultPaymentMethod = "" })
		}
	}
	return s.ShowPaymentMethod(method), nil
}

// removalRoutes are operations on customers, payment methods and test clocks
// that also end or change subscriptions.
func (s *Billing) removalRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodDelete, "/v1/customers/{}", "", s.removeCustomer),
		api.Op(http.MethodPost, "/v1/payment_methods/{}/detach", "", s.detachPaymentMethod),
		api.Op(http.MethodDelete, "/v1/test_helpers/test_clocks/{}", "", s.removeTestClock),
		api.Op(http.MethodDelete, "/v1/subscriptions/{}/discount", "", s.removeSubscriptionDiscount),
	}
}

func (s *Billing) removeTestClock(c *api.Call) (api.Object, error) {
	clock, err := s.Customers.TestClock(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	s.deleteTestClock(clock)
	return api.Object{"id": clock.ID, "object": "test_helpers.test_clock", "deleted": true}, nil
}

// deleteTestClock deletes a clock and its customers, whose subscriptions end.
func (s *Billing) deleteTestClock(clock *state.TestClock) {
	for _, id := range clock.Customers {
		if customer := s.State.Customers.Get(id); !customer.Deleted {
			s.On(id, func() { s.DeleteCustomer(customer) })
		}
	}
	s.State.TestClocks.Remove(clock.ID)
	s.Events.Emit("test_helpers.test_clock.deleted", s.ShowTestClock(clock), nil)
}

func (s *Billing) clockExpires(id string) {
	if clock := s.State.TestClocks.Get(id); clock != nil {
		s.deleteTestClock(clock)
	}
}
