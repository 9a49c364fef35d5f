package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"
)

// PaymentIntent is one payment, with as many charges as it takes.
type PaymentIntent struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"` // in the currency's smallest unit
	Received      int64             `json:"amount_received"`
	Currency      string            `json:"currency"`
	Customer      string            `json:"customer"`
	Status        string            `json:"status"` // as Stripe has them: confirm tells when which
	PaymentMethod string            `json:"payment_method"`
	Authenticated string            `json:"authenticated"` // the method whose challenge was passed
	LatestCharge  string            `json:"latest_charge"`
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	Failure       *Error            `json:"failure"` // of the last attempt
	ReturnURL     string            `json:"return_url"`
	CanceledAt    time.Time         `json:"canceled_at"`
	CancelReason  string            `json:"cancellation_reason"`
	ReceiptEmail  string            `json:"receipt_email"`
	Shipping      *Shipping         `json:"shipping"`
	Descriptor    string            `json:"statement_descriptor"`
	Suffix        string            `json:"statement_descriptor_suffix"`

	Types            []string `json:"payment_method_types"`      // nil: whatever the account offers
	Redirects        string   `json:"allow_redirects"`           // with nil Types: always, never
	Capture          string   `json:"capture_method"`            // automatic, automatic_async, manual
	Confirmation     string   `json:"confirmation_method"`       // automatic, manual
	SetupFutureUsage string   `json:"setup_future_usage"`        // on_session, off_session: the method is kept
	Invoice          string   `json:"invoice,omitempty"`         // what it pays, so that its outcome
	Session          string   `json:"checkout_session,omitzero"` // finds the way there
}

// Key is the id.
func (p *PaymentIntent) Key() string { return p.ID }

func (p *PaymentIntent) clone() PaymentIntent {
	copied := *p
	copied.Metadata = maps.Clone(p.Metadata)
	return copied
}

func (s *Stripe) paymentRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/payment_intents", intentParams+" confirm confirmation_method automatic_payment_methods"+confirmParams, s.createPaymentIntent),
		op(http.MethodGet, "/v1/payment_intents", "customer created"+paging, s.listPaymentIntents),
		op(http.MethodGet, "/v1/payment_intents/{}", "client_secret", s.retrievePaymentIntent),
		op(http.MethodPost, "/v1/payment_intents/{}", intentParams+" payment_method payment_method_data",
			s.updatePaymentIntent),
		op(http.MethodPost, "/v1/payment_intents/{}/confirm",
			"capture_method client_secret payment_method_types receipt_email setup_future_usage shipping"+confirmParams,
			s.confirmPaymentIntent),
		op(http.MethodPost, "/v1/payment_intents/{}/capture",
			"amount_to_capture final_capture metadata statement_descriptor statement_descriptor_suffix",
			s.capturePaymentIntent),
		op(http.MethodPost, "/v1/payment_intents/{}/cancel", "cancellation_reason", s.cancelPaymentIntent),
	}
}

// newPaymentIntent stores an intent that nothing was charged for yet.
func (s *Stripe) newPaymentIntent(fresh PaymentIntent) *PaymentIntent {
	fresh.ID, fresh.Created = s.world.NewID("pi_3", 23), s.real()
	fresh.Status = cmp.Or(fresh.Status, "requires_payment_method")
	fresh.Capture, fresh.Confirmation = cmp.Or(fresh.Capture, "automatic"), cmp.Or(fresh.Confirmation, "automatic")
	return s.state.PaymentIntents.Add(&fresh)
}

func (s *Stripe) retrievePaymentIntent(c *call) (object, error) {
	intent, err := s.paymentIntent(c)
	if err != nil {
		return nil, err
	}
	return s.showPaymentIntent(intent), nil
}

// paymentIntent finds the intent in a path; a client_secret must be its own.
func (s *Stripe) paymentIntent(c *call) (*PaymentIntent, error) {
	intent := s.state.PaymentIntents.Get(c.path[0])
	switch {
	case intent == nil:
		return nil, noSuch("payment_intent", c.path[0], "id")
	case c.has("client_secret") && c.text("client_secret") != intent.secret():
		return nil, invalidCode("payment_intent_invalid_parameter", "client_secret",
			"The client_secret provided does not match the client_secret associated with this PaymentIntent.")
	}
	return intent, nil
}

func (s *Stripe) listPaymentIntents(c *call) (object, error) {
	customer, within := c.text("customer"), createdFilter(c)
	return paginate(c, s.state.PaymentIntents.Newest(), func(p *PaymentIntent) bool {
		return (customer == "" || p.Customer == customer) && within(p.Created)
	}, s.showPaymentIntent)
}

func (p *PaymentIntent) secret() string { return p.ID + "_secret_simulated" }

// capturable is what is reserved and can be captured.
func (p *PaymentIntent) capturable() int64 {
	if p.Status == "requires_capture" {
		return p.Amount
	}
	return 0
}

func (s *Stripe) showPaymentIntent(p *PaymentIntent) object {
	var automatic any
	if p.Redirects != "" {
		automatic = object{"enabled": true, "allow_redirects": p.Redirects}
	}
	return object{"id": p.ID, "object": "payment_intent", "amount": p.Amount, "amount_capturable": p.capturable(),
		"amount_details": object{"tip": object{}}, "amount_received": p.Received,
		"application": nil, "application_fee_amount": nil, "automatic_payment_methods": automatic,
		"canceled_at":         unix(p.CanceledAt),
		"cancellation_reason": orNull(p.CancelReason), "capture_method": p.Capture, "client_secret": p.secret(),
		"confirmation_method": p.Confirmation, "created": p.Created.Unix(), "currency": p.Currency,
		"customer":         orNull(p.Customer),
		"customer_account": nil, "description": orNull(p.Description), "last_payment_error": s.showFailure(p.Failure),
		"latest_charge": orNull(p.LatestCharge), "livemode": false, "metadata": shown(p.Metadata),
		"next_action": s.showNextAction(p.ID, p.Status, p.ReturnURL), "on_behalf_of": nil,
		"payment_method":                       orNull(p.PaymentMethod),
		"payment_method_configuration_details": nil, "payment_method_options": p.showOptions(),
		"payment_method_types": offered(p.Types, p.Currency),
		"processing":           nil, "receipt_email": orNull(p.ReceiptEmail), "review": nil,
		"setup_future_usage": orNull(p.SetupFutureUsage),
		"shipping":           p.Shipping.show(), "statement_descriptor": orNull(p.Descriptor),
		"statement_descriptor_suffix": orNull(p.Suffix),
		"status":                      p.Status, "transfer_data": nil, "transfer_group": nil}
}

func (p *PaymentIntent) showOptions() object {
	options := object{}
	if slices.Contains(offered(p.Types, p.Currency), any("card")) {
		options["card"] = object{"installments": nil, "mandate_options": nil, "network": nil,
			"request_three_d_secure": "automatic"}
	}
	if slices.Contains(offered(p.Types, p.Currency), any("sepa_debit")) {
		options["sepa_debit"] = object{}
	}
	return options
}

// offered is what payment_method_types shows: what was asked for, else what the
// account offers in the currency.
func offered(types []string, currency string) []any {
	if types == nil {
		if currency == "eur" {
			return []any{"card", "sepa_debit"}
		}
		return []any{"card"}
	}
	shown := make([]any, len(types))
	for i, kind := range types {
		shown[i] = kind
	}
	return shown
}

// showNextAction is what an intent waits for: a browser that was given a way
// back is sent to the challenge, any other gets it from Stripe's JavaScript.
func (s *Stripe) showNextAction(id, status, returnURL string) any {
	switch {
	case status != "requires_action":
		return nil
	case returnURL == "":
		return object{"type": "use_stripe_sdk", "use_stripe_sdk": object{"type": "three_d_secure_redirect",
			"stripe_js": s.challengeURL(id)}}
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
