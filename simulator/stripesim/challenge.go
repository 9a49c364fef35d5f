package stripesim

import (
	"net/url"
	"strings"
)

// challengeURL is where the holder of a card passes or fails the 3-D Secure
// challenge that an intent waits for.
func (s *Stripe) challengeURL(intentID string) string { return s.link("/3ds/" + intentID) }

// decision is what a decided challenge came to.
type decision struct {
	next      string // where the holder's browser goes; "" when nobody said
	completed string // the checkout.session.completed event, if there is one
}

// decide brings the outcome of the challenge that a payment or setup intent
// waits for, and everything that follows from it. The error is what it came to:
// a challenge that failed, or a card that is declined after it.
func (s *Stripe) decide(intentID string, passed bool) (decision, *Error) {
	if intent := s.state.SetupIntents.Get(intentID); intent != nil {
		completed, failure := s.authenticateSetup(intent, passed)
		next := s.afterChallenge(intent.Session, intent.ReturnURL, intent.Failure == nil,
			url.Values{"setup_intent": {intent.ID}, "setup_intent_client_secret": {intent.secret()}})
		return decision{next: next, completed: completed}, failure
	}
	intent := s.state.PaymentIntents.Get(intentID)
	if intent == nil {
		return decision{}, noSuch("payment_intent", intentID, "id")
	}
	completed, failure := s.authenticatePayment(intent, passed)
	next := s.afterChallenge(intent.Session, intent.ReturnURL, intent.Failure == nil,
		url.Values{"payment_intent": {intent.ID}, "payment_intent_client_secret": {intent.secret()}})
	return decision{next: next, completed: completed}, failure
}

// afterChallenge is where the browser goes on: back to the checkout, or to the
// page after it, or to the return_url that the intent was confirmed with.
func (s *Stripe) afterChallenge(sessionID, returnURL string, passed bool, query url.Values) string {
	if session := s.state.Sessions.Get(sessionID); session != nil {
		if session.Status == "complete" {
			return s.successURL(session)
		}
		return s.link("/c/pay/" + session.ID)
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

// Authenticate passes or fails the 3-D Secure challenge that a payment or setup
// intent waits for, as the card's holder does on the challenge's page. An *Error
// is what it came to: a challenge that failed, or a card that is declined after it.
func (s *Stripe) Authenticate(intentID string, passed bool) error {
	var failure *Error
	s.change(intentID, func() { _, failure = s.decide(intentID, passed) })
	if failure != nil {
		return failure
	}
	return nil
}

// challenged returns the method that an intent's challenge is about, and the
// amount that it is asked for (0 for a setup); nil when no challenge is open.
func (s *Stripe) challenged(intentID string) (method *PaymentMethod, amount int64, currency string) {
	if intent := s.state.PaymentIntents.Get(intentID); intent != nil && intent.Status == "requires_action" {
		return s.state.PaymentMethods.Get(intent.PaymentMethod), intent.Amount, intent.Currency
	}
	if intent := s.state.SetupIntents.Get(intentID); intent != nil && intent.Status == "requires_action" {
		return s.state.PaymentMethods.Get(intent.PaymentMethod), 0, ""
	}
	return nil, 0, ""
}
