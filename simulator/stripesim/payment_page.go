package stripesim

import (
	"cmp"
	"net/http"
)

// The payment page is what the hosted checkout page itself talks to. Stripe does
// not document it; the official command line completes a session with it
// (stripe-cli, the fixtures of checkout.session.completed). It shows the session
// with the intent that pays it, whose next_action is where a challenge is.
func (s *Stripe) paymentPageRoutes() []route {
	return []route{
		op(http.MethodGet, "/v1/payment_pages/{}", "", s.retrievePage),
		op(http.MethodPost, "/v1/payment_pages/{}/confirm", "payment_method expected_amount", s.confirmPage),
	}
}

func (s *Stripe) retrievePage(c *call) (object, error) {
	session := s.state.Sessions.Get(c.path[0])
	if session == nil {
		return nil, noSuch("payment_page", c.path[0], "id")
	}
	return s.showPage(session), nil
}

// confirmPage pays a session as a buyer does. expected_amount is what the page
// showed: a session whose amount has changed since is not paid.
func (s *Stripe) confirmPage(c *call) (object, error) {
	session, failure := s.payable(c.path[0])
	if failure != nil {
		return nil, failure
	}
	method := s.readMethodOf(c.params, "payment_method", session.Customer)
	expected := c.integer("expected_amount", 0)
	if c.failed() == nil && method == nil && s.needsMethod(session) {
		c.fail(missingParam("payment_method"))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	switch due := s.due(session); {
	case expected != due:
		return nil, invalidCode("checkout_amount_mismatch", "expected_amount",
			"The amount of this session is %d and not the one that was expected.", due)
	case method != nil && !takes(session, method):
		return nil, invalid("payment_method", "This checkout does not take %s.", method.kind())
	}
	buyer := Contact{}
	if method != nil {
		buyer = method.Billing
	}
	if cmp.Or(s.emailOf(session), buyer.Email) == "" {
		return nil, invalid("payment_method", "The buyer's e-mail address is missing: send it as billing_details[email] of the payment method.")
	}
	if failure := s.fill(session, buyer); failure != nil {
		return nil, failure
	}
	if _, failure := s.paySession(session, method); failure != nil {
		return nil, failure
	}
	return s.showPage(session), nil
}

func (s *Stripe) showPage(session *CheckoutSession) object {
	shown := s.showSession(session)
	shown["session_id"] = session.ID
	shown["line_items"] = s.sessionLines(session.ID)
	if intent := s.state.PaymentIntents.Get(session.Tried); intent != nil {
		shown["payment_intent"] = s.showPaymentIntent(intent)
	}
	if intent := s.state.SetupIntents.Get(session.SetupIntent); intent != nil {
		shown["setup_intent"] = s.showSetupIntent(intent)
	}
	return shown
}
