package stripesim

import "time"

// authorizationLifetime is how long money stays reserved before the issuer
// gives it back to the holder (seven days for cards on most networks).
const authorizationLifetime = 7 * 24 * time.Hour

// reserve books money that was authorized and waits to be captured.
func (s *Stripe) reserve(intent *PaymentIntent, charge *Charge) {
	charge.Status, charge.Reserved, intent.Status = "succeeded", true, "requires_capture"
	s.emit("charge.succeeded", s.showCharge(charge), nil)
	s.emit("payment_intent.amount_capturable_updated", s.showPaymentIntent(intent), nil)
	s.at(s.now().Add(authorizationLifetime), timerAuthorization, intent.ID)
}

// authorizationExpires gives reserved money back that nobody captured.
func (s *Stripe) authorizationExpires(id string) {
	intent := s.state.PaymentIntents.Get(id)
	if intent.Status != "requires_capture" {
		return
	}
	charge := s.state.Charges.Get(intent.LatestCharge)
	charge.Refunded = charge.Amount
	s.emit("charge.expired", s.showCharge(charge), nil)
	s.markCanceled(intent, "automatic")
}

// capturePaymentIntent takes reserved money, or a part of it; the rest goes
// back to the holder at once.
func (s *Stripe) capturePaymentIntent(c *call) (object, error) {
	intent, err := s.paymentIntent(c)
	if err != nil {
		return nil, err
	}
	amount, metadata := c.integer("amount_to_capture", intent.Amount), c.metadata(intent.Metadata)
	if !c.boolean("final_capture", true) {
		c.fail(invalid("final_capture", "Several captures of one payment are not simulated."))
	}
	descriptor, suffix := c.textOr("statement_descriptor", intent.Descriptor), c.textOr("statement_descriptor_suffix",
		intent.Suffix)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	switch {
	case intent.Status != "requires_capture":
		return nil, unexpectedState(intent, "This PaymentIntent could not be captured because it has a status of %s. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.", intent.Status)
	case amount < 1 || amount > intent.Amount:
		return nil, invalidCode("amount_too_large", "amount_to_capture",
			"The payment amount that you are trying to capture is greater than the authorized amount: %d.", intent.Amount)
	}
	intent.Metadata, intent.Descriptor, intent.Suffix = metadata, descriptor, suffix
	s.capture(intent, s.state.Charges.Get(intent.LatestCharge), amount)
	return s.showPaymentIntent(intent), nil
}

func (s *Stripe) capture(intent *PaymentIntent, charge *Charge, amount int64) {
	charge.Reserved, charge.Captured, charge.Refunded = false, amount, charge.Amount-amount
	intent.Status, intent.Received = "succeeded", amount
	s.emit("charge.captured", s.showCharge(charge), nil)
	s.emit("payment_intent.succeeded", s.showPaymentIntent(intent), nil)
	s.follow(intent, "requires_capture")
	s.disputeByItself(charge)
}

func (s *Stripe) cancelPaymentIntent(c *call) (object, error) {
	intent, err := s.paymentIntent(c)
	if err != nil {
		return nil, err
	}
	reason := c.enum("cancellation_reason", "", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.notOwn(intent, "cancel"); failure != nil {
		return nil, failure
	}
	switch {
	case intent.Invoice != "":
		return nil, unexpectedState(intent, "You cannot cancel a PaymentIntent that was created by an invoice. Void the invoice instead.")
	case !intent.changeable() && intent.Status != "requires_capture":
		return nil, unexpectedState(intent, "You cannot cancel this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action.", intent.Status)
	}
	s.cancelIntent(intent, reason)
	return s.showPaymentIntent(intent), nil
}

// cancelIntent ends an intent that will never be paid; reserved money goes back.
// One that is paid, or on its way, or canceled already stays as it is.
func (s *Stripe) cancelIntent(intent *PaymentIntent, reason string) {
	switch {
	case intent.Status == "requires_capture":
		charge := s.state.Charges.Get(intent.LatestCharge)
		before := s.showCharge(charge)
		charge.Refunded = charge.Amount
		after := s.showCharge(charge)
		s.emit("charge.refunded", after, previous(before, after))
	case !intent.changeable():
		return
	}
	s.markCanceled(intent, reason)
}

func (s *Stripe) markCanceled(intent *PaymentIntent, reason string) {
	intent.Status, intent.CanceledAt, intent.CancelReason = "canceled", s.real(), reason
	s.emit("payment_intent.canceled", s.showPaymentIntent(intent), nil)
}
