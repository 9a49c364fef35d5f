package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"time"
)

// PaymentIntent is one payment, with at most a few charges.
type PaymentIntent struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"` // in the currency's smallest unit
	Currency      string            `json:"currency"`
	Customer      string            `json:"customer"`
	Status        string            `json:"status"` // requires_payment_method, processing, succeeded, canceled
	PaymentMethod string            `json:"payment_method"`
	LatestCharge  string            `json:"latest_charge"`
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	Failure       *Error            `json:"failure"` // of the last attempt
}

// Key is the id.
func (p *PaymentIntent) Key() string { return p.ID }

// Charge is one attempt to take money.
type Charge struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"`
	Refunded      int64             `json:"amount_refunded"`
	Currency      string            `json:"currency"`
	Customer      string            `json:"customer"`
	PaymentIntent string            `json:"payment_intent"`
	PaymentMethod string            `json:"payment_method"`
	Status        string            `json:"status"` // succeeded, pending, failed
	Failure       *Error            `json:"failure"`
	Disputed      bool              `json:"disputed"`
	Email         string            `json:"email"`
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (c *Charge) Key() string { return c.ID }

var paymentRoutes = []route{
	op(http.MethodGet, "/v1/payment_intents", "customer created"+paging, (*Stripe).listPaymentIntents),
	op(http.MethodGet, "/v1/payment_intents/{}", "", (*Stripe).retrievePaymentIntent),
	op(http.MethodGet, "/v1/charges", "customer payment_intent created"+paging, (*Stripe).listCharges),
	op(http.MethodGet, "/v1/charges/{}", "", (*Stripe).retrieveCharge),
	op(http.MethodGet, "/v1/payment_methods/{}", "", (*Stripe).retrievePaymentMethod),
	op(http.MethodGet, "/v1/customers/{}/payment_methods", "type"+paging, (*Stripe).listPaymentMethods),
	op(http.MethodPost, "/v1/payment_methods/{}/attach", "customer", (*Stripe).attachPaymentMethod),
}

// newPaymentIntent stores an intent that nothing was charged for yet.
func (s *Stripe) newPaymentIntent(fresh PaymentIntent) *PaymentIntent {
	fresh.ID, fresh.Created = s.world.NewID("pi_3", 23), s.real()
	fresh.Status = cmp.Or(fresh.Status, "requires_payment_method")
	fresh.Metadata = maps.Clone(fresh.Metadata)
	return s.state.PaymentIntents.Add(&fresh)
}

// charge makes one charge of an intent, without events. A delayed method leaves
// both pending; a declined one leaves the failure in both.
func (s *Stripe) charge(intent *PaymentIntent, method *PaymentMethod) *Charge {
	how := method.behaviour()
	charge := &Charge{ID: s.world.NewID("ch_3", 23), Created: s.real(), Amount: intent.Amount, Currency: intent.Currency, Customer: intent.Customer,
		PaymentIntent: intent.ID, PaymentMethod: method.ID, Status: "succeeded", Email: method.Email, Metadata: maps.Clone(intent.Metadata)}
	s.state.Charges.Add(charge)
	intent.LatestCharge, intent.PaymentMethod, intent.Failure = charge.ID, method.ID, nil
	intent.Status = "succeeded"
	switch {
	case how.delayed:
		charge.Status, intent.Status = "pending", "processing"
	case how.decline != "":
		s.fail(intent, charge, how)
	}
	return charge
}

func (s *Stripe) fail(intent *PaymentIntent, charge *Charge, how behaviour) {
	failure := &Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: cmp.Or(how.code, "card_declined"),
		DeclineCode: how.decline, Message: how.message, Charge: charge.ID, PaymentIntent: intent.ID}
	charge.Status, charge.Failure = "failed", failure
	intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
}

// emitDecline writes what follows from a declined charge.
func (s *Stripe) emitDecline(intent *PaymentIntent, charge *Charge) {
	s.emit("charge.failed", s.showCharge(charge), nil)
	s.emit("payment_intent.payment_failed", s.showPaymentIntent(intent), nil)
}

func (s *Stripe) retrievePaymentIntent(c *call) (object, error) {
	if intent := s.state.PaymentIntents.Get(c.path[0]); intent != nil {
		return s.showPaymentIntent(intent), nil
	}
	return nil, noSuch("payment_intent", c.path[0], "id")
}

func (s *Stripe) listPaymentIntents(c *call) (object, error) {
	customer, within := c.text("customer"), createdFilter(c)
	return paginate(c, s.state.PaymentIntents.Newest(), func(p *PaymentIntent) bool {
		return (customer == "" || p.Customer == customer) && within(p.Created)
	}, s.showPaymentIntent)
}

func (s *Stripe) retrieveCharge(c *call) (object, error) {
	if charge := s.state.Charges.Get(c.path[0]); charge != nil {
		return s.showCharge(charge), nil
	}
	return nil, noSuch("charge", c.path[0], "id")
}

func (s *Stripe) listCharges(c *call) (object, error) {
	customer, intent, within := c.text("customer"), c.text("payment_intent"), createdFilter(c)
	return paginate(c, s.state.Charges.Newest(), func(ch *Charge) bool {
		return (customer == "" || ch.Customer == customer) && (intent == "" || ch.PaymentIntent == intent) && within(ch.Created)
	}, s.showCharge)
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

// SetCard attaches a card to a customer and makes it the default of the
// customer and of its live subscriptions, as the portal does. Open invoices are
// tried again at their next retry, not at once.
func (s *Stripe) SetCard(customerID, number string) error {
	var err error
	s.change(customerID, func() {
		var customer *Customer
		if customer, err = s.liveCustomer(customerID, "customer"); err != nil {
			return
		}
		method, failure := s.newPaymentMethod(number, customer.Email)
		if failure != nil {
			err = failure
			return
		}
		method.Customer = customer.ID
		s.emit("payment_method.attached", s.showPaymentMethod(method), nil)
		s.changeCustomer(customer, func() { customer.DefaultPaymentMethod = method.ID })
		for _, subscription := range s.state.Subscriptions.Of(customer.ID) {
			if subscription.live() && subscription.DefaultPaymentMethod != "" {
				s.changeSubscription(subscription, func() { subscription.DefaultPaymentMethod = method.ID })
			}
		}
	})
	return err
}

func (s *Stripe) showPaymentIntent(p *PaymentIntent) object {
	received := int64(0)
	if p.Status == "succeeded" {
		received = p.Amount
	}
	return object{"id": p.ID, "object": "payment_intent", "amount": p.Amount, "amount_capturable": 0, "amount_received": received,
		"application": nil, "application_fee_amount": nil, "automatic_payment_methods": nil, "canceled_at": nil, "cancellation_reason": nil,
		"capture_method": "automatic", "client_secret": p.ID + "_secret_simulated", "confirmation_method": "automatic",
		"created": p.Created.Unix(), "currency": p.Currency, "customer": orNull(p.Customer), "customer_account": nil,
		"description": orNull(p.Description), "last_payment_error": s.showFailure(p.Failure), "latest_charge": orNull(p.LatestCharge),
		"livemode": false, "metadata": shown(p.Metadata), "next_action": nil, "on_behalf_of": nil, "payment_method": orNull(p.PaymentMethod),
		"payment_method_options": object{}, "payment_method_types": []any{"card"}, "processing": nil, "receipt_email": nil, "review": nil,
		"setup_future_usage": nil, "shipping": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil, "status": p.Status,
		"transfer_data": nil, "transfer_group": nil}
}

func (s *Stripe) showFailure(failure *Error) any {
	if failure == nil {
		return nil
	}
	return object{"type": failure.Type, "code": failure.Code, "decline_code": failure.DeclineCode, "message": failure.Message,
		"charge": failure.Charge, "doc_url": "https://stripe.com/docs/error-codes/card-declined"}
}

func (s *Stripe) showCharge(c *Charge) object {
	var failureCode, failureMessage any
	outcome := object{"type": "authorized", "network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "seller_message": "Payment complete."}
	if c.Failure != nil {
		failureCode, failureMessage = c.Failure.Code, c.Failure.Message
		outcome = object{"type": "issuer_declined", "network_status": "declined_by_network", "reason": c.Failure.DeclineCode,
			"risk_level": "normal", "seller_message": "The bank did not return any further details with this decline."}
	}
	method := s.state.PaymentMethods.Get(c.PaymentMethod)
	details := object{"type": method.kind()}
	if method.kind() == "card" {
		details["card"] = object{"brand": method.behaviour().brand, "checks": object{"cvc_check": "pass"}, "country": "US", "exp_month": 12,
			"exp_year": 2040, "funding": "credit", "last4": method.last4(), "network": method.behaviour().brand}
	} else {
		details["sepa_debit"] = object{"country": "AT", "last4": method.last4()}
	}
	return object{"id": c.ID, "object": "charge", "amount": c.Amount, "amount_captured": captured(c), "amount_refunded": c.Refunded,
		"application": nil, "application_fee": nil, "application_fee_amount": nil, "balance_transaction": nil, "billing_details": billingDetails(c.Email),
		"calculated_statement_descriptor": "LOCKSTEP SIMULATOR", "captured": c.Status == "succeeded", "created": c.Created.Unix(),
		"currency": c.Currency, "customer": orNull(c.Customer), "description": nil, "disputed": c.Disputed,
		"failure_balance_transaction": nil, "failure_code": failureCode, "failure_message": failureMessage, "fraud_details": object{},
		"livemode": false, "metadata": shown(c.Metadata), "on_behalf_of": nil, "outcome": outcome, "paid": c.Status == "succeeded",
		"payment_intent": orNull(c.PaymentIntent), "payment_method": c.PaymentMethod, "payment_method_details": details,
		"receipt_email": nil, "receipt_number": nil, "receipt_url": nil, "refunded": c.Refunded == c.Amount && c.Amount > 0, "review": nil,
		"shipping": nil, "source_transfer": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil, "status": c.Status,
		"transfer_data": nil, "transfer_group": nil}
}

func captured(c *Charge) int64 {
	if c.Status == "succeeded" {
		return c.Amount
	}
	return 0
}
