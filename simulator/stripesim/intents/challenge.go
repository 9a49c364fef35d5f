package intents

import (
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Decision is what a decided challenge came to.
type Decision struct {
	Next      string // where the holder's browser goes; "" when nobody said
	Completed string // the checkout.session.completed event, if there is one
}

// Decide brings the outcome of the challenge that a payment or setup intent
// waits for, and everything that follows from it. The error is what it came to:
// a challenge that failed, or a card that is declined after it.
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

// afterChallenge is where the browser goes on: back to the checkout, or to the
// page after it, or to the return_url that the intent was confirmed with.
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
