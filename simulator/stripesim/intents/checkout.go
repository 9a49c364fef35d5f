package intents

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// PayCheckout pays a session and returns the id of its
// checkout.session.completed event. The id is "" while the session's intent
// waits for a challenge.
func (s *Intents) PayCheckout(sessionID, card string, buyer api.Contact) (completed string, err error) {
	s.Change(sessionID, func() {
		session, failure := s.Checkout.Payable(sessionID)
		if failure != nil {
			err = failure
			return
		}
		if failure := s.Checkout.FillBuyer(session, buyer); failure != nil {
			err = failure
			return
		}
		method, failure := s.Checkout.EnteredMethod(session, card)
		if failure != nil {
			err = failure
			return
		}
		if completed, failure = s.paySession(session, method); failure != nil {
			err = failure
		}
	})
	return completed, err
}

// paySession pays a session as far as possible. A declined card, or one that
// requires a challenge, leaves it open.
func (s *Intents) paySession(session *state.CheckoutSession,
	method *state.PaymentMethod) (completed string, failure *api.Error) {
	if setup := s.State.SetupIntents.Get(session.SetupIntent); setup != nil {
		if failure := s.SetUp(setup, method); failure != nil {
			return "", failure
		}
		return s.followSetup(setup), nil
	}
	if s.Due(session) == 0 {
		return s.Checkout.ConcludeFree(session, method), nil
	}
	intent := s.Payments.IntentOf(session)
	if failure := s.Payments.Confirm(intent, method, false); failure != nil {
		return "", failure
	}
	return s.follow(intent, ""), nil
}
