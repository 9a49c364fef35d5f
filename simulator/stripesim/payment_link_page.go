package stripesim

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// linkPage begins a checkout session and leads to it.
func (s *Stripe) linkPage(w http.ResponseWriter, r *http.Request) {
	notice := page.Notice{Frame: frame("Not found"), Heading: "This link does not exist",
		Text: "The link is wrong, or the simulator's state was reset."}
	status, session := http.StatusNotFound, ""
	s.world.Change(func() {
		links := s.state.PaymentLinks.Of(r.PathValue("code"))
		if len(links) == 0 {
			return
		}
		begun, failure := s.visit(links[0], r.URL.Query())
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
	http.Redirect(w, r, s.link("/c/pay/"+session), http.StatusSeeOther)
}

// thanks is the page after a session is complete: of a payment link without an
// address to go to, Stripe's own confirmation.
func (s *Stripe) thanks(session *CheckoutSession) page.Notice {
	if session.PaymentLink == "" || session.SuccessURL != linkAddress {
		return page.Notice{Frame: frame("Already complete"), Heading: "This checkout is already complete",
			Text: "Nothing more is to be done here.",
			Link: s.successURL(session), LinkTo: "Continue"}
	}
	text := "Your payment was successful. You can close this page."
	s.world.View(func() {
		if link := s.state.PaymentLinks.Get(session.PaymentLink); link != nil && link.Confirmation != "" {
			text = link.Confirmation
		}
	})
	return page.Notice{Frame: frame("Thank you"), Heading: "Thanks for your payment", Text: text}
}
