package intents

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/payments"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// authenticatePayment passes or fails an intent's challenge and does everything
// that follows. It returns the id of the checkout.session.completed event, if
// there is one.
func (s *Intents) authenticatePayment(intent *state.PaymentIntent, passed bool) (completed string, failure *api.Error) {
	if intent.Status != "requires_action" {
		return "", unexpectedState(intent, "This PaymentIntent has a status of %s: it does not wait for a challenge.",
			intent.Status)
	}
	method := s.State.PaymentMethods.Get(intent.PaymentMethod)
	switch {
	case passed && intent.Confirmation == "manual": // the server must confirm again
		intent.Authenticated, intent.Status = method.ID, "requires_confirmation"
		return "", nil
	case passed:
		intent.Authenticated = method.ID
		failure = s.Payments.Charge(intent, method, method.Behaviour())
	default:
		failure = payments.NotAuthenticated("payment_intent", method)
		failure.PaymentIntent = intent.ID
		intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
		s.Events.Emit("payment_intent.payment_failed", s.ShowPaymentIntent(intent), nil)
	}
	return s.follow(intent, "requires_action"), failure
}
