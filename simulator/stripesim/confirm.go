package stripesim

import (
	"net/http"
)

// confirm asks for the money of an intent. It is the one way to a charge, for
// the API, the checkout and invoices alike. It writes the events of the intent
// and of the charge; what follows for an invoice or a checkout session is left
// to the caller, by intent.Status:
//
//	succeeded                the money is there
//	requires_capture         it is reserved (capture_method manual)
//	processing               a debit whose outcome comes later (settles)
//	requires_action          the holder must pass a challenge (decide)
//	requires_payment_method  declined; the error is returned
//
// Off session nobody can pass a challenge: the issuer declines, except for an
// invoice, whose intent waits for the customer to come back.
func (s *Stripe) confirm(intent *PaymentIntent, method *PaymentMethod, offSession bool) *Error {
	intent.PaymentMethod, intent.Failure = method.ID, nil
	switch {
	case intent.Authenticated == method.ID || !method.asks(offSession):
		return s.charge(intent, method, method.behaviour())
	case offSession && intent.Invoice == "":
		return s.charge(intent, method, unauthenticated)
	}
	intent.Status = "requires_action"
	s.emit("payment_intent.requires_action", s.showPaymentIntent(intent), nil)
	return nil
}

// charge makes one charge of an intent.
func (s *Stripe) charge(intent *PaymentIntent, method *PaymentMethod, how behaviour) *Error {
	accepted := how.decline == "" || how.delayed
	if accepted {
		s.nameBuyer(intent)
	}
	charge := s.state.Charges.Add(&Charge{ID: s.world.NewID("ch_3", 23), Created: s.real(), Amount: intent.Amount,
		Currency: intent.Currency,
		Customer: intent.Customer, PaymentIntent: intent.ID, PaymentMethod: method.ID, Billing: method.Billing,
		Description:  intent.Description,
		ReceiptEmail: intent.ReceiptEmail, Shipping: intent.Shipping, Descriptor: intent.Descriptor, Suffix: intent.Suffix,
		Authenticated: intent.Authenticated == method.ID, Metadata: intent.Metadata})
	intent.LatestCharge = charge.ID
	switch {
	case !accepted:
		return s.decline(intent, charge, how.failure(method))
	case how.delayed:
		charge.Status, intent.Status = "pending", "processing"
		s.emit("payment_intent.processing", s.showPaymentIntent(intent), nil)
		s.emit("charge.pending", s.showCharge(charge), nil)
		s.at(s.now().Add(how.after), timerSettle, intent.ID)
	case intent.Capture == "manual":
		s.reserve(intent, charge)
	default:
		s.succeed(intent, charge)
	}
	s.keepMethod(intent, method)
	return nil
}

// keepMethod saves the method that paid with its customer, when the intent says so.
// One that belongs to nobody afterwards cannot be used again.
func (s *Stripe) keepMethod(intent *PaymentIntent, method *PaymentMethod) {
	switch {
	case method.Customer != "":
	case intent.Customer != "" && intent.SetupFutureUsage != "":
		s.attach(method, intent.Customer)
	default:
		method.Retired = true
	}
	method.SetUp = method.SetUp || intent.SetupFutureUsage == "off_session"
}

// decline books a charge that failed, at once or later.
func (s *Stripe) decline(intent *PaymentIntent, charge *Charge, failure *Error) *Error {
	failure.Charge, failure.PaymentIntent = charge.ID, intent.ID
	charge.Status, charge.Failure = "failed", failure
	intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
	s.emit("charge.failed", s.showCharge(charge), nil)
	s.emit("payment_intent.payment_failed", s.showPaymentIntent(intent), nil)
	return failure
}

// succeed books money that came, at once or later.
func (s *Stripe) succeed(intent *PaymentIntent, charge *Charge) {
	charge.Status, charge.Captured = "succeeded", charge.Amount
	intent.Status, intent.Received = "succeeded", charge.Amount
	s.emit("charge.succeeded", s.showCharge(charge), nil)
	s.emit("payment_intent.succeeded", s.showPaymentIntent(intent), nil)
	s.disputeByItself(charge)
}

// authenticatePayment brings the outcome of the challenge that an intent waits
// for, and everything that follows from it. It returns the id of the
// checkout.session.completed event, if that is what followed.
func (s *Stripe) authenticatePayment(intent *PaymentIntent, passed bool) (completed string, failure *Error) {
	if intent.Status != "requires_action" {
		return "", unexpectedState(intent, "This PaymentIntent has a status of %s: it does not wait for a challenge.",
			intent.Status)
	}
	method := s.state.PaymentMethods.Get(intent.PaymentMethod)
	switch {
	case passed && intent.Confirmation == "manual": // the server confirms once more
		intent.Authenticated, intent.Status = method.ID, "requires_confirmation"
		return "", nil
	case passed:
		intent.Authenticated = method.ID
		failure = s.charge(intent, method, method.behaviour())
	default:
		failure = notAuthenticated("payment_intent", method)
		failure.PaymentIntent = intent.ID
		intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
		s.emit("payment_intent.payment_failed", s.showPaymentIntent(intent), nil)
	}
	return s.follow(intent, "requires_action"), failure
}

// notAuthenticated is the error of a challenge that was not passed.
func notAuthenticated(kind string, method *PaymentMethod) *Error {
	return &Error{Status: http.StatusPaymentRequired, Type: "invalid_request_error",
		Code: kind + "_authentication_failure", PaymentMethod: method.ID,
		Message: "We are unable to authenticate your payment method. Please choose a different payment method and try again."}
}
