package stripesim

import (
	"net/http"
	"time"
)

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

// Owner is the payment intent.
func (c *Charge) Owner() string { return c.PaymentIntent }

var chargeRoutes = []route{
	op(http.MethodGet, "/v1/charges", "customer payment_intent created"+paging, (*Stripe).listCharges),
	op(http.MethodGet, "/v1/charges/{}", "", (*Stripe).retrieveCharge),
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
