package stripesim

import "net/http"

// removalRoutes are the operations on customers, payment methods and test clocks
// that end or change subscriptions.
func (s *Stripe) removalRoutes() []route {
	return []route{
		op(http.MethodDelete, "/v1/customers/{}", "", s.removeCustomer),
		op(http.MethodPost, "/v1/payment_methods/{}/detach", "", s.detachPaymentMethod),
		op(http.MethodDelete, "/v1/test_helpers/test_clocks/{}", "", s.removeTestClock),
		op(http.MethodDelete, "/v1/subscriptions/{}/discount", "", s.removeSubscriptionDiscount),
	}
}
