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
	Status        string            `json:"status"` // requires_payment_method, requires_action, processing, succeeded, canceled
	PaymentMethod string            `json:"payment_method"`
	Authenticated string            `json:"authenticated"` // the method whose challenge was passed
	LatestCharge  string            `json:"latest_charge"`
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	Failure       *Error            `json:"failure"` // of the last attempt
	ReturnURL     string            `json:"return_url"`
	// SetupFutureUsage is off_session when the method is to be charged again
	// while its holder is away.
	SetupFutureUsage string `json:"setup_future_usage"`

	Invoice string `json:"invoice"` // what it pays, so that its outcome finds the way there
	Session string `json:"checkout_session"`
}

// Key is the id.
func (p *PaymentIntent) Key() string { return p.ID }

var paymentRoutes = []route{
	op(http.MethodGet, "/v1/payment_intents", "customer created"+paging, (*Stripe).listPaymentIntents),
	op(http.MethodGet, "/v1/payment_intents/{}", "", (*Stripe).retrievePaymentIntent),
}

// newPaymentIntent stores an intent that nothing was charged for yet.
func (s *Stripe) newPaymentIntent(fresh PaymentIntent) *PaymentIntent {
	fresh.ID, fresh.Created = s.world.NewID("pi_3", 23), s.real()
	fresh.Status = cmp.Or(fresh.Status, "requires_payment_method")
	fresh.Metadata = maps.Clone(fresh.Metadata)
	return s.state.PaymentIntents.Add(&fresh)
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

func (s *Stripe) showPaymentIntent(p *PaymentIntent) object {
	received := int64(0)
	if p.Status == "succeeded" {
		received = p.Amount
	}
	return object{"id": p.ID, "object": "payment_intent", "amount": p.Amount, "amount_capturable": 0, "amount_received": received,
		"application": nil, "application_fee_amount": nil, "automatic_payment_methods": nil, "canceled_at": nil, "cancellation_reason": nil,
		"capture_method": "automatic", "client_secret": p.secret(), "confirmation_method": "automatic",
		"created": p.Created.Unix(), "currency": p.Currency, "customer": orNull(p.Customer), "customer_account": nil,
		"description": orNull(p.Description), "last_payment_error": s.showFailure(p.Failure), "latest_charge": orNull(p.LatestCharge),
		"livemode": false, "metadata": shown(p.Metadata), "next_action": s.showNextAction(p.ID, p.Status, p.ReturnURL), "on_behalf_of": nil, "payment_method": orNull(p.PaymentMethod),
		"payment_method_options": object{}, "payment_method_types": []any{"card"}, "processing": nil, "receipt_email": nil, "review": nil,
		"setup_future_usage": orNull(p.SetupFutureUsage), "shipping": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil, "status": p.Status,
		"transfer_data": nil, "transfer_group": nil}
}

func (p *PaymentIntent) secret() string { return p.ID + "_secret_simulated" }

// showNextAction is what an intent waits for: a browser that was given a way
// back is sent to the challenge, any other gets it from Stripe's JavaScript.
func (s *Stripe) showNextAction(id, status, returnURL string) any {
	switch {
	case status != "requires_action":
		return nil
	case returnURL == "":
		return object{"type": "use_stripe_sdk", "use_stripe_sdk": object{"type": "three_d_secure_redirect", "stripe_js": s.challengeURL(id)}}
	}
	return object{"type": "redirect_to_url", "redirect_to_url": object{"return_url": returnURL, "url": s.challengeURL(id)}}
}

func (s *Stripe) showFailure(failure *Error) any {
	if failure == nil {
		return nil
	}
	shown := failure.fields()
	if method := s.state.PaymentMethods.Get(failure.PaymentMethod); method != nil {
		shown["payment_method"] = s.showPaymentMethod(method)
	}
	return shown
}
