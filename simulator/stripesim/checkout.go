package stripesim

import (
	"net/url"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// PayCheckoutAs pays as PayCheckout does, by a buyer who types these details. An
// e-mail address of the session or of its customer cannot be changed.
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

// ApplyPromotionCode does what a buyer does who types a promotion code on the
// hosted page. An empty text takes the code back off.
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

// SetCheckoutQuantity changes the adjustable quantity of a line, as the buyer does
// on the hosted page. line counts from 0.
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

// PayCheckout does what a buyer does on the hosted page with a card number (a
// test number, or "sepa" and "sepa_fail" for a delayed method). A declined card
// is an *Error of type card_error; the session stays open. A card that asks for
// 3-D Secure is an *Error with the code authentication_required, whose
// PaymentIntent goes on with Authenticate. It does not wait for webhooks.
func (s *Stripe) PayCheckout(sessionID, card string) error {
	return s.PayCheckoutAs(sessionID, card, api.Contact{})
}

// VisitPaymentLink opens a payment link, named by id or URL, with a query such as
// "client_reference_id=user_1", and returns the id of the session that begins. It
// fails for a link that is unknown or not active.
func (s *Stripe) VisitPaymentLink(link, query string) (sessionID string, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	s.account.World.Change(func() {
		found := s.account.State.PaymentLinks.Find(func(l *state.PaymentLink) bool { return l.ID == link || s.account.LinkURL(l) == link })
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
