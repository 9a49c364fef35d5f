package stripesim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Stripe) paymentMethodRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/payment_methods", "type card sepa_debit billing_details allow_redisplay metadata",
			s.createPaymentMethod),
		op(http.MethodGet, "/v1/payment_methods", "customer type allow_redisplay"+paging, s.listPaymentMethods),
		op(http.MethodGet, "/v1/payment_methods/{}", "", s.retrievePaymentMethod),
		op(http.MethodPost, "/v1/payment_methods/{}", "card billing_details allow_redisplay metadata",
			s.updatePaymentMethod),
		op(http.MethodPost, "/v1/payment_methods/{}/attach", "customer", s.attachPaymentMethod),
		op(http.MethodGet, "/v1/customers/{}/payment_methods", "type allow_redisplay"+paging, s.listPaymentMethods),
		op(http.MethodGet, "/v1/customers/{}/payment_methods/{}", "", s.retrieveCustomersMethod),
	}
}

func (s *Stripe) createPaymentMethod(c *call) (object, error) {
	c.required("type")
	fresh := s.readMethodData(c.params)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	return s.showPaymentMethod(s.addPaymentMethod(fresh)), nil
}

// readMethodData reads what a method is made of: the parameters of a creation,
// or payment_method_data.
func (s *Stripe) readMethodData(p params) PaymentMethod {
	method := PaymentMethod{Metadata: p.metadata(nil), Billing: p.billing(Contact{}),
		AllowDisplay: p.enum("allow_redisplay", "unspecified", "always", "limited", "unspecified")}
	switch kind := p.enum("type", "", "card", "sepa_debit"); {
	case kind != "" && !p.has(kind):
		p.fail(missingParam(p.name(kind)))
	case kind == "card":
		s.readCard(p.sub("card").only("number", "exp_month", "exp_year", "cvc", "token"), &method)
	case kind == "sepa_debit":
		iban := strings.ToUpper(strings.ReplaceAll(p.sub("sepa_debit").only("iban").required("iban"), " ", ""))
		if how, known := numbers[iban]; !known || !how.delayed {
			p.fail(invalidCode("invalid_bank_account_iban", "sepa_debit[iban]",
				"The IBAN you provided is invalid. (The simulator takes only Stripe's test accounts, such as AT611904300234573201.)"))
		}
		if method.Billing.Name == "" || method.Billing.Email == "" {
			p.fail(invalid("billing_details", "SEPA direct debit needs billing_details[name] and billing_details[email]."))
		}
		method.Number = iban
	}
	return method
}

// readCard reads a card by number or by the name of a test token.
func (s *Stripe) readCard(sent params, method *PaymentMethod) {
	if sent.has("token") {
		number, known := cardNamed(sent.text("token"))
		if !known || !strings.HasPrefix(sent.text("token"), "tok_") {
			sent.fail(noSuch("token", sent.text("token"), sent.name("token")))
		}
		method.Number, method.CodeUnchecked = number, true
		return
	}
	method.Number = strings.ReplaceAll(sent.required("number"), " ", "")
	method.CodeUnchecked = !sent.has("cvc")
	if how, known := numbers[method.Number]; sent.failed() == nil && (!known || how.delayed) {
		sent.fail(incorrectNumber())
	}
	sent.required("exp_month")
	sent.required("exp_year")
	s.readExpiry(sent, method)
}

// readExpiry refuses a date that is past, in the words Stripe has for a card.
func (s *Stripe) readExpiry(sent params, method *PaymentMethod) {
	month, year := sent.integer("exp_month", method.ExpMonth), sent.integer("exp_year", method.ExpYear)
	if year > 0 && year < 100 {
		year += 2000
	}
	now := s.now()
	part := ""
	switch {
	case month < 1 || month > 12:
		part = "month"
	case year < int64(now.Year()) || year > int64(now.Year())+50:
		part = "year"
	case year == int64(now.Year()) && month < int64(now.Month()):
		part = "month"
	}
	if part != "" {
		sent.fail(&Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: "invalid_expiry_" + part,
			Param:   "exp_" + part,
			Message: "Your card's expiration " + part + " is invalid."})
	}
	method.ExpMonth, method.ExpYear = month, year
}

func (s *Stripe) retrievePaymentMethod(c *call) (object, error) {
	if method := s.state.PaymentMethods.Get(c.path[0]); method != nil {
		return s.showPaymentMethod(method), nil
	}
	return nil, noSuch("PaymentMethod", c.path[0], "id")
}

func (s *Stripe) retrieveCustomersMethod(c *call) (object, error) {
	if _, err := s.liveCustomer(c.path[0], "id"); err != nil {
		return nil, err
	}
	if method := s.state.PaymentMethods.Get(c.path[1]); method != nil && method.Customer == c.path[0] {
		return s.showPaymentMethod(method), nil
	}
	return nil, noSuch("PaymentMethod", c.path[1], "id")
}

// listPaymentMethods lists a customer's. Without a customer there is nothing:
// what is attached to nobody is not listed.
func (s *Stripe) listPaymentMethods(c *call) (object, error) {
	customer, param := c.text("customer"), "customer"
	if len(c.path) > 0 {
		customer, param = c.path[0], "id"
	}
	if customer != "" {
		if _, err := s.liveCustomer(customer, param); err != nil {
			return nil, err
		}
	}
	kind, display := c.enum("type", "", methodTypes...), c.enum("allow_redisplay", "", "always", "limited", "unspecified")
	return paginate(c, s.state.PaymentMethods.Newest(), func(m *PaymentMethod) bool {
		return customer != "" && m.Customer == customer && (kind == "" || m.kind() == kind) &&
			(display == "" || m.AllowDisplay == display)
	}, s.showPaymentMethod)
}

func (s *Stripe) updatePaymentMethod(c *call) (object, error) {
	method := s.state.PaymentMethods.Get(c.path[0])
	switch {
	case method == nil:
		return nil, noSuch("PaymentMethod", c.path[0], "id")
	case method.Customer == "":
		return nil, invalid("", "You must save this PaymentMethod to a customer before you can update it.")
	}
	changed := method.clone()
	changed.Metadata, changed.Billing = c.metadata(method.Metadata), c.billing(method.Billing)
	changed.AllowDisplay = c.enum("allow_redisplay", method.AllowDisplay, "always", "limited", "unspecified")
	if c.has("card") {
		if method.kind() != "card" {
			c.fail(invalid("card", "You cannot update `card` of a PaymentMethod of type %s.", method.kind()))
		}
		s.readExpiry(c.sub("card").only("exp_month", "exp_year"), &changed)
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	before := s.showPaymentMethod(method)
	*method = changed
	s.emitUpdate("payment_method.updated", before, s.showPaymentMethod(method))
	return s.showPaymentMethod(method), nil
}

// attachPaymentMethod verifies a card, as Stripe does: one that declines is not
// attached, but for those that fail only when charged.
func (s *Stripe) attachPaymentMethod(c *call) (object, error) {
	named := params{at: &node{fields: map[string]*node{"id": {value: c.path[0], isSet: true}}}, failure: c.failure}
	method := s.readPaymentMethod(named, "id")
	customer := c.required("customer")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if _, err := s.liveCustomer(customer, "customer"); err != nil {
		return nil, err
	}
	if method.Customer != "" && method.Customer != customer {
		return nil, invalid("", "The payment method you provided has already been attached to a customer.")
	}
	if how := method.behaviour(); how.decline != "" && !how.attaches && !how.delayed {
		return nil, how.failure(method)
	}
	s.attach(method, customer)
	return s.showPaymentMethod(method), nil
}

// detachPaymentMethod takes a method from its customer for good, as the default
// of the customer and of subscriptions too.
func (s *Stripe) detachPaymentMethod(c *call) (object, error) {
	method := s.state.PaymentMethods.Get(c.path[0])
	if method == nil {
		return nil, noSuch("PaymentMethod", c.path[0], "id")
	}
	customer := s.state.Customers.Get(method.Customer)
	if customer == nil {
		return nil, invalid("", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	s.detach(method)
	if customer.DefaultPaymentMethod == method.ID {
		s.changeCustomer(customer, func() { customer.DefaultPaymentMethod = "" })
	}
	for _, sub := range s.state.Subscriptions.Of(customer.ID) {
		if sub.live() && sub.DefaultPaymentMethod == method.ID {
			s.changeSubscription(sub, func() { sub.DefaultPaymentMethod = "" })
		}
	}
	return s.showPaymentMethod(method), nil
}

// methodTypes are the types of payment methods the simulator has. link is
// accepted where types are listed, because most integrations list it; nobody
// has a link account here.
var methodTypes = []string{"card", "sepa_debit", "link"}

// readTypes reads payment_method_types; nil when not sent, which is whatever
// the account offers.
func (p params) readTypes(old []string) []string {
	const field = "payment_method_types"
	if !p.has(field) {
		return old
	}
	types := p.texts(field)
	for i, kind := range types {
		if !slices.Contains(methodTypes, kind) {
			p.fail(malformed("", field+"["+strconv.Itoa(i)+"]", "Invalid %s: the simulator has only %s", field,
				strings.Join(methodTypes, ", ")))
		}
	}
	return types
}
