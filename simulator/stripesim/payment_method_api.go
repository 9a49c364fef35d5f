package stripesim

import "net/http"

var paymentMethodRoutes = []route{
	op(http.MethodGet, "/v1/payment_methods/{}", "", (*Stripe).retrievePaymentMethod),
	op(http.MethodGet, "/v1/customers/{}/payment_methods", "type"+paging, (*Stripe).listPaymentMethods),
	op(http.MethodPost, "/v1/payment_methods/{}/attach", "customer", (*Stripe).attachPaymentMethod),
}

func (s *Stripe) retrievePaymentMethod(c *call) (object, error) {
	if method := s.state.PaymentMethods.Get(c.path[0]); method != nil {
		return s.showPaymentMethod(method), nil
	}
	return nil, noSuch("PaymentMethod", c.path[0], "id")
}

func (s *Stripe) listPaymentMethods(c *call) (object, error) {
	kind := c.text("type")
	return paginate(c, s.state.PaymentMethods.Newest(), func(m *PaymentMethod) bool {
		return m.Customer == c.path[0] && (kind == "" || m.kind() == kind)
	}, s.showPaymentMethod)
}

func (s *Stripe) attachPaymentMethod(c *call) (object, error) {
	p := newParams(&node{fields: map[string]*node{"id": {value: c.path[0], isSet: true}}})
	method := s.readPaymentMethod(p, "id")
	if failure := p.failed(); failure != nil {
		failure.Status = http.StatusNotFound
		return nil, failure
	}
	customer := c.required("customer")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if _, err := s.liveCustomer(customer, "customer"); err != nil {
		return nil, err
	}
	method.Customer = customer
	s.emit("payment_method.attached", s.showPaymentMethod(method), nil)
	return s.showPaymentMethod(method), nil
}
