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

// decide brings the outcome of the challenge that an intent waits for, and
// everything that follows from it. The error is what the payment came to: a
// challenge that failed, or a card that is declined after it.
func (s *Stripe) decide(intentID string, passed bool) (decision, *Error) {
	intent := s.state.PaymentIntents.Get(intentID)
	if intent == nil {
		return decision{}, noSuch("payment_intent", intentID, "id")
	}
	completed, failure := s.authenticatePayment(intent, passed)
	return decision{next: s.afterChallenge(intent), completed: completed}, failure
}

// afterChallenge is where the browser goes on: back to the checkout, or to the
// page after it, or to the return_url that the intent was confirmed with.
func (s *Stripe) afterChallenge(intent *PaymentIntent) string {
	if session := s.state.Sessions.Get(intent.Session); session != nil {
		if session.Status == "complete" {
			return successURL(session)
		}
		return s.link("/c/pay/" + session.ID)
	}
	if intent.ReturnURL == "" {
		return ""
	}
	status := "succeeded"
	if intent.Failure != nil {
		status = "failed"
	}
	return withQuery(intent.ReturnURL, url.Values{"payment_intent": {intent.ID}, "payment_intent_client_secret": {intent.secret()}, "redirect_status": {status}})
}

func withQuery(address string, query url.Values) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + query.Encode()
}

// Authenticate passes or fails the 3-D Secure challenge that an intent waits
// for, as the card's holder does on the challenge's page. An *Error is what the
// payment came to: a challenge that failed, or a card that is declined after it.
func (s *Stripe) Authenticate(intentID string, passed bool) error {
	var failure *Error
	s.change(intentID, func() { _, failure = s.decide(intentID, passed) })
	if failure != nil {
		return failure
	}
	return nil
}
