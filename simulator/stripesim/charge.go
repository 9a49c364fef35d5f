package stripesim

import (
	"maps"
	"net/http"
	"time"
)

// Charge is one attempt to take money.
type Charge struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"`
	Captured      int64             `json:"amount_captured"`
	Reserved      bool              `json:"reserved"` // authorized, and waits to be captured
	Refunded      int64             `json:"amount_refunded"`
	Currency      string            `json:"currency"`
	Customer      string            `json:"customer"`
	PaymentIntent string            `json:"payment_intent"`
	PaymentMethod string            `json:"payment_method"`
	Authenticated bool              `json:"authenticated"` // by a challenge
	Status        string            `json:"status"`        // succeeded, pending, failed
	Failure       *Error            `json:"failure"`
	Disputed      bool              `json:"disputed"`
	Billing       Contact           `json:"billing_details"`
	Description   string            `json:"description"`
	ReceiptEmail  string            `json:"receipt_email"`
	Shipping      *Shipping         `json:"shipping"`
	Descriptor    string            `json:"statement_descriptor"`
	Suffix        string            `json:"statement_descriptor_suffix"`
	Fraud         string            `json:"user_report"` // safe, fraudulent
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (c *Charge) Key() string { return c.ID }

// Owner is the payment intent.
func (c *Charge) Owner() string { return c.PaymentIntent }

// Charges are made by payment intents only: POST /v1/charges, which takes
// tokens and sources, is not simulated.
func (s *Stripe) chargeRoutes() []route {
	return []route{
		op(http.MethodGet, "/v1/charges", "customer payment_intent created"+paging, s.listCharges),
		op(http.MethodGet, "/v1/charges/{}", "", s.retrieveCharge),
		op(http.MethodPost, "/v1/charges/{}", "customer description fraud_details metadata receipt_email shipping",
			s.updateCharge),
	}
}

func (s *Stripe) retrieveCharge(c *call) (object, error) {
	if charge := s.state.Charges.Get(c.path[0]); charge != nil {
		return s.showCharge(charge), nil
	}
	return nil, noSuch("charge", c.path[0], "id")
}

func (s *Stripe) listCharges(c *call) (object, error) {
	customer, intent, within := c.text("customer"), c.text("payment_intent"), createdFilter(c)
	charges := s.state.Charges.Newest()
	if intent != "" {
		charges = newestOf(s.state.Charges.Of(intent))
	}
	return paginate(c, charges, func(ch *Charge) bool {
		return (customer == "" || ch.Customer == customer) && within(ch.Created)
	}, s.showCharge)
}

func (s *Stripe) updateCharge(c *call) (object, error) {
	charge := s.state.Charges.Get(c.path[0])
	if charge == nil {
		return nil, noSuch("charge", c.path[0], "id")
	}
	changed := *charge
	changed.Metadata = c.metadata(charge.Metadata)
	changed.Description, changed.ReceiptEmail = c.textOr("description", charge.Description), c.email("receipt_email",
		charge.ReceiptEmail)
	changed.Shipping = c.shipping(charge.Shipping)
	if c.has("fraud_details") {
		changed.Fraud = c.sub("fraud_details").only("user_report").enum("user_report", charge.Fraud, "safe", "fraudulent")
	}
	if customer := c.text("customer"); customer != "" && customer != charge.Customer {
		if _, err := s.liveCustomer(customer, "customer"); err != nil {
			return nil, err
		}
		if charge.Customer != "" {
			c.fail(invalid("customer", "This charge already has a customer."))
		}
		changed.Customer = customer
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	before := s.showCharge(charge)
	*charge = changed
	s.emitUpdate("charge.updated", before, s.showCharge(charge))
	return s.showCharge(charge), nil
}

// captureCharge captures the charge's payment intent.
func (s *Stripe) captureCharge(c *call) (object, error) {
	charge := s.state.Charges.Get(c.path[0])
	if charge == nil {
		return nil, noSuch("charge", c.path[0], "id")
	}
	amount, receipt := c.integer("amount", charge.Amount), c.email("receipt_email", charge.ReceiptEmail)
	descriptor, suffix := c.textOr("statement_descriptor", charge.Descriptor), c.textOr("statement_descriptor_suffix",
		charge.Suffix)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	switch intent := s.state.PaymentIntents.Get(charge.PaymentIntent); {
	case !charge.Reserved && charge.Captured > 0:
		return nil, invalidCode("charge_already_captured", "", "Charge %s has already been captured.", charge.ID)
	case intent.Status != "requires_capture":
		return nil, invalid("", "Charge %s cannot be captured: its money is not reserved.", charge.ID)
	case amount < 1 || amount > charge.Amount:
		return nil, invalidCode("amount_too_large", "amount", "You cannot capture more than the amount of the charge, %d.",
			charge.Amount)
	default:
		charge.ReceiptEmail, charge.Descriptor, charge.Suffix = receipt, descriptor, suffix
		s.capture(intent, charge, amount)
	}
	return s.showCharge(charge), nil
}

func (s *Stripe) showCharge(c *Charge) object {
	var failureCode, failureMessage any
	if c.Failure != nil {
		failureCode, failureMessage = c.Failure.Code, c.Failure.Message
	}
	fraud := object{}
	if c.Fraud != "" {
		fraud["user_report"] = c.Fraud
	}
	return object{"id": c.ID, "object": "charge", "amount": c.Amount, "amount_captured": c.Captured,
		"amount_refunded": c.Refunded,
		"application":     nil, "application_fee": nil, "application_fee_amount": nil, "balance_transaction": nil,
		"billing_details":                 c.Billing.showBilling(),
		"calculated_statement_descriptor": "LOCKSTEP SIMULATOR", "captured": c.Captured > 0, "created": c.Created.Unix(),
		"currency": c.Currency, "customer": orNull(c.Customer), "description": orNull(c.Description), "disputed": c.Disputed,
		"failure_balance_transaction": nil, "failure_code": failureCode, "failure_message": failureMessage,
		"fraud_details": fraud,
		"livemode":      false, "metadata": shown(c.Metadata), "on_behalf_of": nil, "outcome": c.outcome(),
		"paid":           c.Status == "succeeded",
		"payment_intent": orNull(c.PaymentIntent), "payment_method": c.PaymentMethod,
		"payment_method_details": s.methodDetails(c),
		"receipt_email":          orNull(c.ReceiptEmail), "receipt_number": nil, "receipt_url": nil,
		"refunded": c.Refunded == c.Amount && c.Amount > 0,
		"review":   nil, "shipping": c.Shipping.show(), "source_transfer": nil, "statement_descriptor": orNull(c.Descriptor),
		"statement_descriptor_suffix": orNull(c.Suffix), "status": c.Status, "transfer_data": nil, "transfer_group": nil}
}

func (c *Charge) outcome() object {
	outcome := object{"type": "authorized", "network_status": "approved_by_network", "reason": nil,
		"risk_level": "normal", "risk_score": 32,
		"seller_message": "Payment complete.", "advice_code": nil, "network_advice_code": nil, "network_decline_code": nil}
	if c.Failure != nil {
		maps.Copy(outcome, object{"type": "issuer_declined", "network_status": "declined_by_network",
			"reason":         c.Failure.DeclineCode,
			"seller_message": "The bank did not return any further details with this decline."})
	}
	return outcome
}

// methodDetails is the method as it was charged.
func (s *Stripe) methodDetails(c *Charge) object {
	method := s.state.PaymentMethods.Get(c.PaymentMethod)
	if method.kind() == "sepa_debit" {
		country, code := method.bank()
		return object{"type": "sepa_debit", "sepa_debit": object{"bank_code": code, "branch_code": nil, "country": country,
			"fingerprint": "simulated" + method.last4(), "last4": method.last4(), "mandate": nil}}
	}
	var secure any
	if c.Authenticated {
		secure = object{"authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": nil,
			"result": "authenticated", "result_reason": nil, "transaction_id": nil, "version": "2.2.0"}
	}
	brand := method.behaviour().brand
	return object{"type": "card", "card": object{"amount_authorized": c.Amount, "authorization_code": nil, "brand": brand,
		"checks":  method.checks(),
		"country": "US", "exp_month": method.ExpMonth, "exp_year": method.ExpYear, "fingerprint": "simulated" +
			method.last4(), "funding": "credit",
		"installments": nil, "last4": method.last4(), "mandate": nil, "network": brand,
		"network_token":          object{"used": false},
		"network_transaction_id": nil, "regulated_status": "unregulated", "three_d_secure": secure, "wallet": nil}}
}
