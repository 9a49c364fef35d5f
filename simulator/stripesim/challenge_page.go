package stripesim

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// challengeView is the data of the page on which a bank asks its card's holder.
type challengeView struct {
	page.Frame
	Amount string
	Last4  string
}

var challengeTemplate = page.Parse(`
<section class="card narrow">
<h1>3-D Secure</h1>
<p>The bank of the card ending in {{.Last4}} asks whether it is really you who
{{with .Amount}}pays {{.}}{{else}}saves it{{end}}.</p>
<form method="post">
<button class="full" type="submit" name="outcome" value="pass">Complete authentication</button>
<button class="full quiet" type="submit" name="outcome" value="fail">Fail authentication</button>
</form>
</section>`)

func (s *Stripe) challengePage(w http.ResponseWriter, r *http.Request) {
	var view challengeView
	waits := false
	s.world.View(func() { view, waits = s.viewChallenge(r.PathValue("intent")) })
	if !waits {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("3-D Secure"),
			Heading: "No payment waits for you here",
			Text:    "It was decided already, or the link is wrong."})
		return
	}
	page.Write(w, http.StatusOK, challengeTemplate, view)
}

func (s *Stripe) viewChallenge(intentID string) (challengeView, bool) {
	method, amount, currency := s.challenged(intentID)
	if method == nil {
		return challengeView{}, false
	}
	view := challengeView{Frame: frame("3-D Secure"), Last4: method.last4()}
	if amount > 0 {
		view.Amount = money(amount, currency)
	}
	return view, true
}

func (s *Stripe) challengePost(w http.ResponseWriter, r *http.Request) {
	var decided decision
	var failure *Error
	id := r.PathValue("intent")
	s.change(id, func() { decided, failure = s.decide(id, r.PostFormValue("outcome") == "pass") })
	switch {
	case failure == nil && decided.next == "":
		page.WriteNotice(w, http.StatusOK, page.Notice{Frame: frame("3-D Secure"), Heading: "Thank you",
			Text: "The payment goes on. You can close this page."})
	case decided.next == "":
		page.WriteNotice(w, http.StatusPaymentRequired, page.Notice{Frame: frame("3-D Secure"), Heading: "It was not paid",
			Text: failure.Message})
	default:
		if decided.completed != "" {
			s.awaitDelivery(r, decided.completed)
		}
		w.Header().Set("Location", decided.next)
		w.WriteHeader(http.StatusSeeOther)
	}
}
