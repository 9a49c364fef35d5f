package intents

import (
	"cmp"
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/checkout"
)

// The hosted checkout page itself talks to the payment page API. Stripe does
// not document it, but its CLI completes sessions with it (stripe-cli, fixtures
// of checkout.session.completed). It shows a session with its intent, whose
// next_action leads to a challenge.
func (s *Intents) paymentPageRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodGet, "/v1/payment_pages/{}", "", s.retrievePage),
		api.Op(http.MethodPost, "/v1/payment_pages/{}/confirm", "payment_method expected_amount", s.confirmPage),
	}
}

func (s *Intents) retrievePage(c *api.Call) (api.Object, error) {
	session := s.State.Sessions.Get(c.Path[0])
	if session == nil {
		return nil, api.NoSuch("payment_page", c.Path[0], "id")
	}
	return s.Checkout.ShowPage(session), nil
}

// confirmPage pays a session as a buyer does. expected_amount is what the page
// showed: if the amount has changed since, nothing is paid.
func (s *Intents) confirmPage(c *api.Call) (api.Object, error) {
	session, failure := s.Checkout.Payable(c.Path[0])
	if failure != nil {
		return nil, failure
	}
	method := s.Customers.ReadMethodOf(c.Params, "payment_method", session.Customer)
	expected := c.Integer("expected_amount", 0)
	if c.Failed() == nil && method == nil && s.NeedsMethod(session) {
		c.Fail(api.MissingParam("payment_method"))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	switch due := s.Due(session); {
	case expected != due:
		return nil, api.InvalidCode("checkout_amount_mismatch", "expected_amount",
			"The amount of this session is %d and not the one that was expected.", due)
	case method != nil && !checkout.Takes(session, method):
		return nil, api.Invalid("payment_method", "This checkout does not take %s.", method.Kind())
	}
	buyer := api.Contact{}
	if method != nil {
		buyer = method.Billing
	}
	if cmp.Or(s.EmailOf(session), buyer.Email) == "" {
		return nil, api.Invalid("payment_method", "The buyer's e-mail address is missing: send it as billing_details[email] of the payment method.")
	}
	if failure := s.Checkout.FillBuyer(session, buyer); failure != nil {
		return nil, failure
	}
	if _, failure := s.paySession(session, method); failure != nil {
		return nil, failure
	}
	return s.Checkout.ShowPage(session), nil
}
