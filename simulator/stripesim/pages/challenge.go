package pages

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/intents"
)

// challengeView is the data of a bank's 3-D Secure page.
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

func (s *Pages) challengePage(w http.ResponseWriter, r *http.Request) {
	var view challengeView
	waits := false
	s.World.View(func() { view, waits = s.viewChallenge(r.PathValue("intent")) })
	if !waits {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("3-D Secure"),
			Heading: "No payment is waiting",
			Text:    "The payment was already decided, or the link is wrong."})
		return
	}
	page.Write(w, http.StatusOK, challengeTemplate, view)
}

func (s *Pages) viewChallenge(intentID string) (challengeView, bool) {
	method, amount, currency := s.Challenged(intentID)
	if method == nil {
		return challengeView{}, false
	}
	view := challengeView{Frame: frame("3-D Secure"), Last4: method.Last4()}
	if amount > 0 {
		view.Amount = account.Money(amount, currency)
	}
	return view, true
}

func (s *Pages) challengePost(w http.ResponseWriter, r *http.Request) {
	var decided intents.Decision
	var failure *api.Error
	id := r.PathValue("intent")
	s.Change(id, func() { decided, failure = s.Intents.Decide(id, r.PostFormValue("outcome") == "pass") })
	switch {
	case failure == nil && decided.Next == "":
		page.WriteNotice(w, http.StatusOK, page.Notice{Frame: frame("3-D Secure"), Heading: "Thank you",
			Text: "Your bank approved the payment. You can close this page."})
	case decided.Next == "":
		page.WriteNotice(w, http.StatusPaymentRequired, page.Notice{Frame: frame("3-D Secure"),
			Heading: "The payment failed", Text: failure.Message})
	default:
		if decided.Completed != "" {
			s.awaitDelivery(r, decided.Completed)
		}
		w.Header().Set("Location", decided.Next)
		w.WriteHeader(http.StatusSeeOther)
	}
}
