package pages

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/checkout"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// linkPage opens a checkout session and redirects to it.
func (s *Pages) linkPage(w http.ResponseWriter, r *http.Request) {
	notice := page.Notice{Frame: frame("Not found"), Heading: "This link does not exist",
		Text: "The link is wrong, or the simulator's state was reset."}
	status, session := http.StatusNotFound, ""
	s.World.Change(func() {
		links := s.State.PaymentLinks.Of(r.PathValue("code"))
		if len(links) == 0 {
			return
		}
		begun, failure := s.Checkout.Visit(links[0], r.URL.Query())
		if failure != nil {
			status, notice = http.StatusGone, page.Notice{Frame: frame("Not active"), Heading: "This link is not active",
				Text: failure.Message}
			return
		}
		session = begun.ID
	})
	if session == "" {
		page.WriteNotice(w, status, notice)
		return
	}
	http.Redirect(w, r, s.Link("/c/pay/"+session), http.StatusSeeOther)
}

// thanks is the page after a completed session: Stripe's own confirmation, for
// a payment link without a success URL.
func (s *Pages) thanks(session *state.CheckoutSession) page.Notice {
	if session.PaymentLink == "" || session.SuccessURL != checkout.LinkAddress {
		return page.Notice{Frame: frame("Already complete"), Heading: "This checkout is already complete",
			Text: "There is nothing left to do.", Link: s.Checkout.SuccessURL(session), LinkTo: "Continue"}
	}
	text := "Your payment was successful. You can close this page."
	s.World.View(func() {
		if link := s.State.PaymentLinks.Get(session.PaymentLink); link != nil && link.Confirmation != "" {
			text = link.Confirmation
		}
	})
	return page.Notice{Frame: frame("Thank you"), Heading: "Thanks for your payment", Text: text}
}
