package customers

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Customers) paymentMethodRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/payment_methods", "type card sepa_debit billing_details allow_redisplay metadata",
			s.createPaymentMethod),
		api.Op(http.MethodGet, "/v1/payment_methods", "customer type allow_redisplay"+api.Paging, s.listPaymentMethods),
		api.Op(http.MethodGet, "/v1/payment_methods/{}", "", s.retrievePaymentMethod),
		api.Op(http.MethodPost, "/v1/payment_methods/{}", "card billing_details allow_redisplay metadata",
			s.updatePaymentMethod),
		api.Op(http.MethodPost, "/v1/payment_methods/{}/attach", "customer", s.attachPaymentMethod),
		api.Op(http.MethodGet, "/v1/customers/{}/payment_methods", "type allow_redisplay"+api.Paging, s.listPaymentMethods),
		api.Op(http.MethodGet, "/v1/customers/{}/payment_methods/{}", "", s.retrieveCustomersMethod),
	}
}

func (s *Customers) createPaymentMethod(c *api.Call) (api.Object, error) {
	c.Required("type")
	fresh := s.ReadMethodData(c.Params)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	return s.ShowPaymentMethod(s.AddPaymentMethod(fresh)), nil
}

// ReadMethodData reads a new payment method, from the parameters of a creation
// or from payment_method_data.
func (s *Customers) ReadMethodData(p api.Params) state.PaymentMethod {
	method := state.PaymentMethod{Metadata: p.Metadata(nil), Billing: p.Billing(api.Contact{}),
		AllowDisplay: p.Enum("allow_redisplay", "unspecified", "always", "limited", "unspecified")}
	switch kind := p.Enum("type", "", "card", "sepa_debit"); {
	case kind != "" && !p.Has(kind):
		p.Fail(api.MissingParam(p.Name(kind)))
	case kind == "card":
		s.readCard(p.Sub("card").Only("number", "exp_month", "exp_year", "cvc", "token"), &method)
	case kind == "sepa_debit":
		iban := strings.ToUpper(strings.ReplaceAll(p.Sub("sepa_debit").Only("iban").Required("iban"), " ", ""))
		if how, known := state.Numbers[iban]; !known || !how.Delayed {
			p.Fail(api.InvalidCode("invalid_bank_account_iban", "sepa_debit[iban]",
				"The IBAN you provided is invalid. (The simulator accepts only Stripe's test accounts, such as AT611904300234573201.)"))
		}
		if method.Billing.Name == "" || method.Billing.Email == "" {
			p.Fail(api.Invalid("billing_details", "SEPA direct debit needs billing_details[name] and billing_details[email]."))
		}
		method.Number = iban
	}
	return method
}

// readCard reads a card, by number or by test token.
func (s *Customers) readCard(sent api.Params, method *state.PaymentMethod) {
	if sent.Has("token") {
		number, known := cardNamed(sent.Text("token"))
		if !known || !strings.HasPrefix(sent.Text("token"), "tok_") {
			sent.Fail(api.NoSuch("token", sent.Text("token"), sent.Name("token")))
		}
		method.Number, method.CodeUnchecked = number, true
		return
	}
	method.Number = strings.ReplaceAll(sent.Required("number"), " ", "")
	method.CodeUnchecked = !sent.Has("cvc")
	if how, known := state.Numbers[method.Number]; sent.Failed() == nil && (!known || how.Delayed) {
		sent.Fail(incorrectNumber())
	}
	sent.Required("exp_month")
	sent.Required("exp_year")
	s.readExpiry(sent, method)
}

// readExpiry refuses an expiry in the past, in Stripe's words.
func (s *Customers) readExpiry(sent api.Params, method *state.PaymentMethod) {
	month, year := sent.Integer("exp_month", method.ExpMonth), sent.Integer("exp_year", method.ExpYear)
	if year > 0 && year < 100 {
		year += 2000
	}
	now := s.Now()
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
		sent.Fail(&api.Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: "invalid_expiry_" + part,
			Param: "exp_" + part, Message: "Your card's expiration " + part + " is invalid."})
	}
	method.ExpMonth, method.ExpYear = month, year
}

func (s *Customers) retrievePaymentMethod(c *api.Call) (api.Object, error) {
	if method := s.State.PaymentMethods.Get(c.Path[0]); method != nil {
		return s.ShowPaymentMethod(method), nil
	}
	return nil, api.NoSuch("PaymentMethod", c.Path[0], "id")
}

func (s *Customers) retrieveCustomersMethod(c *api.Call) (api.Object, error) {
	if _, err := s.LiveCustomer(c.Path[0], "id"); err != nil {
		return nil, err
	}
	if method := s.State.PaymentMethods.Get(c.Path[1]); method != nil && method.Customer == c.Path[0] {
		return s.ShowPaymentMethod(method), nil
	}
	return nil, api.NoSuch("PaymentMethod", c.Path[1], "id")
}

// listPaymentMethods lists a customer's methods. Without a customer the list is
// empty.
func (s *Customers) listPaymentMethods(c *api.Call) (api.Object, error) {
	customer, param := c.Text("customer"), "customer"
	if len(c.Path) > 0 {
		customer, param = c.Path[0], "id"
	}
	if customer != "" {
		if _, err := s.LiveCustomer(customer, param); err != nil {
			return nil, err
		}
	}
	kind, display := c.Enum("type", "", api.MethodTypes...), c.Enum("allow_redisplay", "", "always", "limited",
		"unspecified")
	return api.Paginate(c, s.State.PaymentMethods.Newest(), func(m *state.PaymentMethod) bool {
		return customer != "" && m.Customer == customer && (kind == "" || m.Kind() == kind) &&
			(display == "" || m.AllowDisplay == display)
	}, s.ShowPaymentMethod)
}

func (s *Customers) updatePaymentMethod(c *api.Call) (api.Object, error) {
	method := s.State.PaymentMethods.Get(c.Path[0])
	switch {
	case method == nil:
		return nil, api.NoSuch("PaymentMethod", c.Path[0], "id")
	case method.Customer == "":
		return nil, api.Invalid("", "You must save this PaymentMethod to a customer before you can update it.")
	}
	changed := method.Clone()
	changed.Metadata, changed.Billing = c.Metadata(method.Metadata), c.Billing(method.Billing)
	changed.AllowDisplay = c.Enum("allow_redisplay", method.AllowDisplay, "always", "limited", "unspecified")
	if c.Has("card") {
		if method.Kind() != "card" {
			c.Fail(api.Invalid("card", "You cannot update `card` of a PaymentMethod of type %s.", method.Kind()))
		}
		s.readExpiry(c.Sub("card").Only("exp_month", "exp_year"), &changed)
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	before := s.ShowPaymentMethod(method)
	*method = changed
	s.Events.EmitUpdate("payment_method.updated", before, s.ShowPaymentMethod(method))
	return s.ShowPaymentMethod(method), nil
}

// attachPaymentMethod verifies a card, as Stripe does. A declining card is not
// attached, unless only its charges fail.
func (s *Customers) attachPaymentMethod(c *api.Call) (api.Object, error) {
	named := api.Params{At: &api.Node{Fields: map[string]*api.Node{"id": {Value: c.Path[0], IsSet: true}}},
		Failure: c.Failure}
	method := s.ReadPaymentMethod(named, "id")
	customer := c.Required("customer")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if _, err := s.LiveCustomer(customer, "customer"); err != nil {
		return nil, err
	}
	if method.Customer != "" && method.Customer != customer {
		return nil, api.Invalid("", "The payment method you provided has already been attached to a customer.")
	}
	if how := method.Behaviour(); how.Decline != "" && !how.Attaches && !how.Delayed {
		return nil, how.Failure(method)
	}
	s.Attach(method, customer)
	return s.ShowPaymentMethod(method), nil
}
