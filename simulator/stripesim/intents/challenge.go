package intents

import (
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Decision is the result of a challenge.
type Decision struct {
	Next      string // where the cardholder's browser goes; "" if no URL was given
	Completed string // the checkout.session.completed event, if there is one
}

// Decide passes or fails the open challenge of a payment or setup intent and
// does everything that follows. It returns an error if the challenge failed or
// the card was declined after it.
func (s *Intents) Decide(intentID string, passed bool) (Decision, *api.Error) {
	if intent := s.State.SetupIntents.Get(intentID); intent != nil {
		completed, failure := s.authenticateSetup(intent, passed)
		next := s.afterChallenge(intent.Session, intent.ReturnURL, intent.Failure == nil,
			url.Values{"setup_intent": {intent.ID}, "setup_intent_client_secret": {intent.Secret()}})
		return Decision{Next: next, Completed: completed}, failure
	}
	intent := s.State.PaymentIntents.Get(intentID)
	if intent == nil {
		return Decision{}, api.NoSuch("payment_intent", intentID, "id")
	}
	completed, failure := s.authenticatePayment(intent, passed)
	next := s.afterChallenge(intent.Session, intent.ReturnURL, intent.Failure == nil,
		url.Values{"payment_intent": {intent.ID}, "payment_intent_client_secret": {intent.Secret()}})
	return Decision{Next: next, Completed: completed}, failure
}

// afterChallenge returns where the browser goes: back to the checkout, to its
// success page, or to the intent's return_url.
func (s *Intents) afterChallenge(sessionID, returnURL string, passed bool, query url.Values) string {
	if session := s.State.Sessions.Get(sessionID); session != nil {
		if session.Status == "complete" {
			return s.Checkout.SuccessURL(session)
		}
		return s.Link("/c/pay/" + session.ID)
	}
	if returnURL == "" {
		return ""
	}
	query.Set("redirect_status", "succeeded")
	if !passed {
		query.Set("redirect_status", "failed")
	}
	separator := "?"
	if strings.Contains(returnURL, "?") {
		separator = "&"
	}
	return returnURL + separator + query.Encode()
}
