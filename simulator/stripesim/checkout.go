package stripesim

import (
	"net/url"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// PayCheckoutAs pays like PayCheckout, for a buyer who types the given details.
// The buyer cannot change an e-mail address that the session or its customer
// sets.
func (s *Stripe) PayCheckoutAs(sessionID, card string, buyer api.Contact) error {
	completed, err := s.intents.PayCheckout(sessionID, card, buyer)
	if err != nil || completed != "" {
		return err
	}
	asked := &api.Error{}
	s.account.World.View(func() {
		session := s.account.State.Sessions.Get(sessionID)
		id := s.checkout.WaitingIntent(session)
		method, _, _ := s.account.Challenged(id)
		asked = state.Unauthenticated.Failure(method)
		asked.PaymentIntent = id
	})
	return asked
}

// ApplyPromotionCode types a promotion code on the hosted page. An empty text
// removes the code.
func (s *Stripe) ApplyPromotionCode(sessionID, text string) error {
	var err error
	s.account.Change(sessionID, func() {
		switch session := s.account.State.Sessions.Get(sessionID); {
		case session == nil:
			err = api.NoSuch("checkout.session", sessionID, "id")
		case text == "":
			s.checkout.RemovePromotionCode(session)
		default:
			err = s.checkout.ApplyPromotionCode(session, text)
		}
	})
	return err
}

// SetCheckoutQuantity changes the adjustable quantity of a line on the hosted
// page. The first line is 0.
func (s *Stripe) SetCheckoutQuantity(sessionID string, line int, quantity int64) error {
	var failure *api.Error
	s.account.Change(sessionID, func() {
		var session *state.CheckoutSession
		if session, failure = s.checkout.Payable(sessionID); failure != nil {
			return
		}
		if line < 0 || line >= len(session.Lines) {
			failure = api.Invalid("line", "The session has no line %d.", line)
			return
		}
		failure = s.checkout.SetQuantity(session, session.Lines[line].ID, quantity)
	})
	if failure != nil {
		return failure
	}
	return nil
}

// PayCheckout pays a session on the hosted page with a test card number, or
// with "sepa" or "sepa_fail" for a delayed method. A declined card returns an
// *Error of type card_error and leaves the session open. A card that requires
// 3-D Secure returns an *Error with the code authentication_required; finish
// its PaymentIntent with Authenticate. PayCheckout does not wait for webhooks.
func (s *Stripe) PayCheckout(sessionID, card string) error {
	return s.PayCheckoutAs(sessionID, card, api.Contact{})
}

// VisitPaymentLink opens a payment link, by id or URL, with a query such as
// "client_reference_id=user_1". It returns the id of the session it opens. It
// fails for an unknown or inactive link.
func (s *Stripe) VisitPaymentLink(link, query string) (sessionID string, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	s.account.World.Change(func() {
		found := s.account.State.PaymentLinks.Find(func(l *state.PaymentLink) bool {
			return l.ID == link ||
				s.account.LinkURL(l) == link
		})
		if found == nil {
			err = api.NoSuch("payment_link", link, "id")
			return
		}
		session, failure := s.checkout.Visit(found, values)
		if failure != nil {
			err = failure
			return
		}
		sessionID = session.ID
	})
	return sessionID, err
}
