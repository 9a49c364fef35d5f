package payments

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Confirm asks for the money of an intent. It is the one way to a charge, for
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
func (s *Payments) Confirm(intent *state.PaymentIntent, method *state.PaymentMethod, offSession bool) *api.Error {
	intent.PaymentMethod, intent.Failure = method.ID, nil
	switch {
	case intent.Authenticated == method.ID || !method.Asks(offSession):
		return s.Charge(intent, method, method.Behaviour())
	case offSession && intent.Invoice == "":
		return s.Charge(intent, method, state.Unauthenticated)
	}
	intent.Status = "requires_action"
	s.Events.Emit("payment_intent.requires_action", s.ShowPaymentIntent(intent), nil)
	return nil
}

// Charge makes one charge of an intent.
func (s *Payments) Charge(intent *state.PaymentIntent, method *state.PaymentMethod, how state.Behaviour) *api.Error {
	accepted := how.Decline == "" || how.Delayed
	if accepted {
		s.nameBuyer(intent)
	}
	charge := s.State.Charges.Add(&state.Charge{ID: s.World.NewID("ch_3", 23), Created: s.Real(), Amount: intent.Amount,
		Currency: intent.Currency,
		Customer: intent.Customer, PaymentIntent: intent.ID, PaymentMethod: method.ID, Billing: method.Billing,
		Description:  intent.Description,
		ReceiptEmail: intent.ReceiptEmail, Shipping: intent.Shipping, Descriptor: intent.Descriptor, Suffix: intent.Suffix,
		Authenticated: intent.Authenticated == method.ID, Metadata: intent.Metadata})
	intent.LatestCharge = charge.ID
	switch {
	case !accepted:
		return s.Decline(intent, charge, how.Failure(method))
	case how.Delayed:
		charge.Status, intent.Status = "pending", "processing"
		s.Events.Emit("payment_intent.processing", s.ShowPaymentIntent(intent), nil)
		s.Events.Emit("charge.pending", s.ShowCharge(charge), nil)
		s.At(s.Now().Add(how.After), account.TimerSettle, intent.ID)
	case intent.Capture == "manual":
		s.reserve(intent, charge)
	default:
		s.Succeed(intent, charge)
	}
	s.keepMethod(intent, method)
	return nil
}

// keepMethod saves the method that paid with its customer, when the intent says so.
// One that belongs to nobody afterwards cannot be used again.
func (s *Payments) keepMethod(intent *state.PaymentIntent, method *state.PaymentMethod) {
	switch {
	case method.Customer != "":
	case intent.Customer != "" && intent.SetupFutureUsage != "":
		s.Customers.Attach(method, intent.Customer)
	default:
		method.Retired = true
	}
	method.SetUp = method.SetUp || intent.SetupFutureUsage == "off_session"
}

// Decline books a charge that failed, at once or later.
func (s *Payments) Decline(intent *state.PaymentIntent, charge *state.Charge, failure *api.Error) *api.Error {
	failure.Charge, failure.PaymentIntent = charge.ID, intent.ID
	charge.Status, charge.Failure = "failed", failure
	intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
	s.Events.Emit("charge.failed", s.ShowCharge(charge), nil)
	s.Events.Emit("payment_intent.payment_failed", s.ShowPaymentIntent(intent), nil)
	return failure
}

// Succeed books money that came, at once or later.
func (s *Payments) Succeed(intent *state.PaymentIntent, charge *state.Charge) {
	charge.Status, charge.Captured = "succeeded", charge.Amount
	intent.Status, intent.Received = "succeeded", charge.Amount
	s.Events.Emit("charge.succeeded", s.ShowCharge(charge), nil)
	s.Events.Emit("payment_intent.succeeded", s.ShowPaymentIntent(intent), nil)
	s.DisputeByItself(charge)
}

// NotAuthenticated is the error of a challenge that was not passed.
func NotAuthenticated(kind string, method *state.PaymentMethod) *api.Error {
	return &api.Error{Status: http.StatusPaymentRequired, Type: "invalid_request_error",
		Code: kind + "_authentication_failure", PaymentMethod: method.ID,
		Message: "We are unable to authenticate your payment method. Please choose a different payment method and try again."}
}
