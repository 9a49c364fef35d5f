package intents

import "github.com/lockstep-dev/lockstep/simulator/stripesim/state"

// settleDelayed applies the outcome of a delayed payment.
func (s *Intents) settleDelayed(id string) {
	intent := s.State.PaymentIntents.Get(id)
	if intent.Status != "processing" {
		return
	}
	charge := s.State.Charges.Get(intent.LatestCharge)
	method := s.State.PaymentMethods.Get(charge.PaymentMethod)
	if how := method.Behaviour(); how.Fails {
		_ = s.Payments.Decline(intent, charge, how.Failure(method)) // the events report the failure
	} else {
		s.Payments.Succeed(intent, charge)
	}
	s.follow(intent, "processing")
}

// follow does what an intent's new status requires for its invoice and its
// checkout session. was is the status before. It returns the id of the
// checkout.session.completed event, if there is one.
func (s *Intents) follow(intent *state.PaymentIntent, was string) (completed string) {
	if invoice := s.State.Invoices.Get(intent.Invoice); invoice != nil && invoice.Status == "open" {
		s.Billing.AfterAttempt(invoice, intent, was)
	}
	session := s.State.Sessions.Get(intent.Session)
	switch {
	case session == nil:
	case session.Status == "open" && (intent.Status == "succeeded" || intent.Status == "processing"):
		return s.Checkout.Conclude(session, intent)
	case session.Status != "complete" || session.PaymentStatus != "unpaid":
	case intent.Status == "succeeded":
		session.PaymentStatus = "paid"
		s.Events.Emit("checkout.session.async_payment_succeeded", s.ShowSession(session), nil)
	case was == "processing":
		s.Events.Emit("checkout.session.async_payment_failed", s.ShowSession(session), nil)
	}
	return ""
}
