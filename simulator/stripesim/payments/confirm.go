package payments

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Confirm charges an intent, for the API, the checkout and invoices alike. It
// emits the events of the intent and the charge. The caller does what follows
// for an invoice or a checkout session, by intent.Status:
//
//	succeeded                the money was collected
//	requires_capture         it is reserved (capture_method manual)
//	processing               the outcome of a debit comes later
//	requires_action          the cardholder must pass a challenge
//	requires_payment_method  declined; the error is returned
//
// Off session nobody can pass a challenge, so the issuer declines. The intent
// of an invoice waits for the customer instead.
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

// Charge makes one charge for an intent.
func (s *Payments) Charge(intent *state.PaymentIntent, method *state.PaymentMethod, how state.Behaviour) *api.Error {
	accepted := how.Decline == "" || how.Delayed
	if accepted {
		s.nameBuyer(intent)
	}
	charge := s.State.Charges.Add(&state.Charge{ID: s.World.NewID("ch_3", 23), Created: s.Real(), Amount: intent.Amount,
		Currency: intent.Currency, Customer: intent.Customer, PaymentIntent: intent.ID, PaymentMethod: method.ID,
		Billing: method.Billing, Description: intent.Description, ReceiptEmail: intent.ReceiptEmail,
		Shipping: intent.Shipping, Descriptor: intent.Descriptor, Suffix: intent.Suffix,
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

// keepMethod attaches the payment method to the intent's customer if the intent
// saves it. A method that belongs to nobody afterwards cannot be used again.
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

// Decline records a failed charge, immediate or delayed.
func (s *Payments) Decline(intent *state.PaymentIntent, charge *state.Charge, failure *api.Error) *api.Error {
	failure.Charge, failure.PaymentIntent = charge.ID, intent.ID
	charge.Status, charge.Failure = "failed", failure
	intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
	s.Events.Emit("charge.failed", s.ShowCharge(charge), nil)
	s.Events.Emit("payment_intent.payment_failed", s.ShowPaymentIntent(intent), nil)
	return failure
}

// Succeed records collected money, immediate or delayed.
func (s *Payments) Succeed(intent *state.PaymentIntent, charge *state.Charge) {
	charge.Status, charge.Captured = "succeeded", charge.Amount
	intent.Status, intent.Received = "succeeded", charge.Amount
	s.Events.Emit("charge.succeeded", s.ShowCharge(charge), nil)
	s.Events.Emit("payment_intent.succeeded", s.ShowPaymentIntent(intent), nil)
	s.AutoDispute(charge)
}

// NotAuthenticated returns the error of a failed challenge.
func NotAuthenticated(kind string, method *state.PaymentMethod) *api.Error {
	return &api.Error{Status: http.StatusPaymentRequired, Type: "invalid_request_error",
		Code: kind + "_authentication_failure", PaymentMethod: method.ID,
		Message: "We are unable to authenticate your payment method. Please choose a different payment method and try again."}
}
