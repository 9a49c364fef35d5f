package intents

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// authorizationExpires releases reserved money that was not captured in time.
func (s *Intents) authorizationExpires(id string) {
	intent := s.State.PaymentIntents.Get(id)
	if intent.Status != "requires_capture" {
		return
	}
	charge := s.State.Charges.Get(intent.LatestCharge)
	charge.Refunded = charge.Amount
	s.Events.Emit("charge.expired", s.ShowCharge(charge), nil)
	s.Payments.MarkCanceled(intent, "automatic")
}

// capturePaymentIntent captures reserved money or a part of it. The rest is
// released at once.
func (s *Intents) capturePaymentIntent(c *api.Call) (api.Object, error) {
	intent, err := s.Payments.PaymentIntent(c)
	if err != nil {
		return nil, err
	}
	amount, metadata := c.Integer("amount_to_capture", intent.Amount), c.Metadata(intent.Metadata)
	if !c.Boolean("final_capture", true) {
		c.Fail(api.Invalid("final_capture", "Several captures of one payment are not simulated."))
	}
	descriptor, suffix := c.TextOr("statement_descriptor", intent.Descriptor), c.TextOr("statement_descriptor_suffix",
		intent.Suffix)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	switch {
	case intent.Status != "requires_capture":
		return nil, unexpectedState(intent, "This PaymentIntent could not be captured because it has a status of %s. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.", intent.Status)
	case amount < 1 || amount > intent.Amount:
		return nil, api.InvalidCode("amount_too_large", "amount_to_capture",
			"The payment amount that you are trying to capture is greater than the authorized amount: %d.", intent.Amount)
	}
	intent.Metadata, intent.Descriptor, intent.Suffix = metadata, descriptor, suffix
	s.capture(intent, s.State.Charges.Get(intent.LatestCharge), amount)
	return s.ShowPaymentIntent(intent), nil
}

func (s *Intents) capture(intent *state.PaymentIntent, charge *state.Charge, amount int64) {
	charge.Reserved, charge.Captured, charge.Refunded = false, amount, charge.Amount-amount
	intent.Status, intent.Received = "succeeded", amount
	s.Events.Emit("charge.captured", s.ShowCharge(charge), nil)
	s.Events.Emit("payment_intent.succeeded", s.ShowPaymentIntent(intent), nil)
	s.follow(intent, "requires_capture")
	s.Payments.AutoDispute(charge)
}

func (s *Intents) cancelPaymentIntent(c *api.Call) (api.Object, error) {
	intent, err := s.Payments.PaymentIntent(c)
	if err != nil {
		return nil, err
	}
	reason := c.Enum("cancellation_reason", "", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.notOwn(intent, "cancel"); failure != nil {
		return nil, failure
	}
	switch {
	case intent.Invoice != "":
		return nil, unexpectedState(intent, "You cannot cancel a PaymentIntent that was created by an invoice. Void the invoice instead.")
	case !intent.Changeable() && intent.Status != "requires_capture":
		return nil, unexpectedState(intent, "You cannot cancel this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action.", intent.Status)
	}
	s.Payments.CancelIntent(intent, reason)
	return s.ShowPaymentIntent(intent), nil
}

// captureCharge captures the payment intent of a charge.
func (s *Intents) captureCharge(c *api.Call) (api.Object, error) {
	charge := s.State.Charges.Get(c.Path[0])
	if charge == nil {
		return nil, api.NoSuch("charge", c.Path[0], "id")
	}
	amount, receipt := c.Integer("amount", charge.Amount), c.Email("receipt_email", charge.ReceiptEmail)
	descriptor, suffix := c.TextOr("statement_descriptor", charge.Descriptor), c.TextOr("statement_descriptor_suffix",
		charge.Suffix)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	switch intent := s.State.PaymentIntents.Get(charge.PaymentIntent); {
	case !charge.Reserved && charge.Captured > 0:
		return nil, api.InvalidCode("charge_already_captured", "", "Charge %s has already been captured.", charge.ID)
	case intent.Status != "requires_capture":
		return nil, api.Invalid("", "Charge %s cannot be captured: its money is not reserved.", charge.ID)
	case amount < 1 || amount > charge.Amount:
		return nil, api.InvalidCode("amount_too_large", "amount", "You cannot capture more than the amount of the charge, %d.",
			charge.Amount)
	default:
		charge.ReceiptEmail, charge.Descriptor, charge.Suffix = receipt, descriptor, suffix
		s.capture(intent, charge, amount)
	}
	return s.ShowCharge(charge), nil
}

func (s *Intents) captureRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/charges/{}/capture", "amount receipt_email statement_descriptor statement_descriptor_suffix",
			s.captureCharge),
	}
}
