package account

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ChallengeURL returns the page where a cardholder passes or fails the intent's
// 3-D Secure challenge.
func (s *Account) ChallengeURL(intentID string) string { return s.Link("/3ds/" + intentID) }

// Challenged returns the payment method of an intent's open challenge, with the
// amount (0 for a setup). It returns nil when no challenge is open.
func (s *Account) Challenged(intentID string) (method *state.PaymentMethod, amount int64, currency string) {
	if intent := s.State.PaymentIntents.Get(intentID); intent != nil && intent.Status == "requires_action" {
		return s.State.PaymentMethods.Get(intent.PaymentMethod), intent.Amount, intent.Currency
	}
	if intent := s.State.SetupIntents.Get(intentID); intent != nil && intent.Status == "requires_action" {
		return s.State.PaymentMethods.Get(intent.PaymentMethod), 0, ""
	}
	return nil, 0, ""
}

// ShowPaymentIntent shows a payment intent.
func (s *Account) ShowPaymentIntent(p *state.PaymentIntent) api.Object {
	var automatic any
	if p.Redirects != "" {
		automatic = api.Object{"enabled": true, "allow_redirects": p.Redirects}
	}
	return api.Object{"id": p.ID, "object": "payment_intent", "amount": p.Amount, "amount_capturable": p.Capturable(),
		"amount_details": api.Object{"tip": api.Object{}}, "amount_received": p.Received, "application": nil,
		"application_fee_amount": nil, "automatic_payment_methods": automatic, "canceled_at": api.Unix(p.CanceledAt),
		"cancellation_reason": api.OrNull(p.CancelReason), "capture_method": p.Capture, "client_secret": p.Secret(),
		"confirmation_method": p.Confirmation, "created": p.Created.Unix(), "currency": p.Currency,
		"customer": api.OrNull(p.Customer), "customer_account": nil, "description": api.OrNull(p.Description),
		"last_payment_error": s.showFailure(p.Failure), "latest_charge": api.OrNull(p.LatestCharge), "livemode": false,
		"metadata": api.Shown(p.Metadata), "next_action": s.showNextAction(p.ID, p.Status, p.ReturnURL),
		"on_behalf_of": nil, "payment_method": api.OrNull(p.PaymentMethod), "payment_method_configuration_details": nil,
		"payment_method_options": p.ShowOptions(), "payment_method_types": state.Offered(p.Types, p.Currency),
		"processing": nil, "receipt_email": api.OrNull(p.ReceiptEmail), "review": nil,
		"setup_future_usage": api.OrNull(p.SetupFutureUsage), "shipping": p.Shipping.Show(),
		"statement_descriptor": api.OrNull(p.Descriptor), "statement_descriptor_suffix": api.OrNull(p.Suffix),
		"status": p.Status, "transfer_data": nil, "transfer_group": nil}
}

// showNextAction shows what an intent waits for. With a return URL, the browser
// is redirected to the challenge; without one, Stripe's JavaScript opens it.
func (s *Account) showNextAction(id, status, returnURL string) any {
	switch {
	case status != "requires_action":
		return nil
	case returnURL == "":
		return api.Object{"type": "use_stripe_sdk", "use_stripe_sdk": api.Object{"type": "three_d_secure_redirect",
			"stripe_js": s.ChallengeURL(id)}}
	}
	return api.Object{"type": "redirect_to_url",
		"redirect_to_url": api.Object{"return_url": returnURL, "url": s.ChallengeURL(id)}}
}

func (s *Account) showFailure(failure *api.Error) any {
	if failure == nil {
		return nil
	}
	shown := failure.Fields()
	if method := s.State.PaymentMethods.Get(failure.PaymentMethod); method != nil {
		shown["payment_method"] = s.ShowPaymentMethod(method)
	}
	return shown
}

// ShowSetupIntent shows a setup intent.
func (s *Account) ShowSetupIntent(i *state.SetupIntent) api.Object {
	var automatic any
	if i.Redirects != "" {
		automatic = api.Object{"enabled": true, "allow_redirects": i.Redirects}
	}
	return api.Object{"id": i.ID, "object": "setup_intent", "application": nil, "automatic_payment_methods": automatic,
		"cancellation_reason": api.OrNull(i.CancelReason), "client_secret": i.Secret(), "created": i.Created.Unix(),
		"customer": api.OrNull(i.Customer), "customer_account": nil, "description": api.OrNull(i.Description),
		"flow_directions": nil, "last_setup_error": s.showFailure(i.Failure), "latest_attempt": nil, "livemode": false,
		"mandate": nil, "metadata": api.Shown(i.Metadata), "next_action": s.showNextAction(i.ID, i.Status, i.ReturnURL),
		"on_behalf_of": nil, "payment_method": api.OrNull(i.PaymentMethod), "payment_method_configuration_details": nil,
		"payment_method_options": api.Object{"card": api.Object{"mandate_options": nil, "network": nil,
			"request_three_d_secure": "automatic"}},
		"payment_method_types": state.Offered(i.Types, "usd"), "single_use_mandate": nil, "status": i.Status,
		"usage": i.Usage}
}
