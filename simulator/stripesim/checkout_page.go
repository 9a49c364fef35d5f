package stripesim

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// checkoutView is the data of the checkout page.
type checkoutView struct {
	page.Frame
	Heading    string
	Total      string
	Later      string // what is paid after a trial, "" without one
	Lines      []checkoutLine
	Sums       []lineView // from subtotal to total; nil when there is only the total
	Email      string
	EmailFixed bool
	CancelURL  string
	Error      string
	Asks       bool // for a card
	Debit      bool // SEPA is offered too
	Card       cardForm
	Button     string
}

type lineView struct{ Name, Price string }

// checkoutLine is a line of a checkout, with what its quantity would be after a step.
type checkoutLine struct {
	ID, Name, Price string
}

// The buttons beside the lines belong to the one form of the page, so that a step
// keeps what was typed. The hidden button comes first: it is the one that the
// return key presses.
var checkoutTemplate = page.Parse(`
<div class="columns">
<section class="card">
<button form="pay" class="hidden" tabindex="-1" aria-hidden="true" name="action" value="pay">Pay</button>
<p class="soft">{{.Heading}}</p>
<p class="total">{{.Total}}</p>
{{with .Later}}<p class="soft" id="later">{{.}}</p>{{end}}
{{with .Lines}}<ul class="rows" id="lines">{{range .}}<li><span>{{.Name}}</span><span>{{.Price}}</span></li>{{end}}</ul>{{end}}
{{with .Sums}}<dl class="sums">{{range .}}<div><dt>{{.Name}}</dt><dd>{{.Price}}</dd></div>{{end}}</dl>{{end}}
{{with .CancelURL}}<p><a class="link" id="back" href="{{.}}">← Back</a></p>{{end}}
</section>
<section class="card">
<h1>{{if .Asks}}Payment{{else}}Contact{{end}}</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<form method="post" id="pay">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="email" required value="{{.Email}}"{{if .EmailFixed}} readonly{{end}}>
{{if .Asks}}
{{if .Debit}}<fieldset class="choice">
<legend>Pay with</legend>
<label><input type="radio" name="method" value="card"{{if eq .Card.Method "" "card"}} checked{{end}}> <span class="grow">Card</span></label>
<label><input type="radio" name="method" value="sepa"{{if eq .Card.Method "sepa"}} checked{{end}}> <span class="grow">SEPA debit <span class="soft">paid a day later</span></span></label>
<label><input type="radio" name="method" value="sepa_fail"{{if eq .Card.Method "sepa_fail"}} checked{{end}}> <span class="grow">SEPA debit <span class="soft">fails a day later</span></span></label>
</fieldset>{{end}}
<div class="onlycard">{{template "card" .Card}}</div>
{{end}}
<button class="full" name="action" value="pay">{{.Button}}</button>
</form>
</section>
</div>`, cardFields)

func (s *Stripe) checkoutPage(w http.ResponseWriter, r *http.Request) {
	s.showCheckout(w, r, http.StatusOK, "")
}

// showCheckout renders the form, or what became of the session.
func (s *Stripe) showCheckout(w http.ResponseWriter, r *http.Request, status int, problem string) {
	var view checkoutView
	var session *CheckoutSession
	s.world.View(func() {
		if found := s.state.Sessions.Get(r.PathValue("session")); found != nil {
			copied := found.clone()
			s.on(found.ID, func() { session, view = &copied, s.viewCheckout(found) })
		}
	})
	switch {
	case session == nil:
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"), Heading: "This checkout does not exist", Text: "The link is wrong, or the simulator's state was reset."})
		return
	case session.Status == "complete":
		page.WriteNotice(w, http.StatusOK, page.Notice{Frame: frame("Already complete"), Heading: "This checkout is already complete", Text: "Nothing more is to be done here.", Link: successURL(session), LinkTo: "Continue"})
		return
	case session.Status == "expired":
		page.WriteNotice(w, http.StatusGone, page.Notice{Frame: frame("Expired"), Heading: "This checkout has expired", Text: "Go back and begin again.", Link: session.CancelURL, LinkTo: "Back"})
		return
	}
	view.Card = readCardForm(r)
	if problem != "" {
		view.Error = problem
	}
	if typed := r.PostFormValue("email"); typed != "" && !view.EmailFixed {
		view.Email = typed
	}
	page.Write(w, status, checkoutTemplate, view)
}

func (s *Stripe) viewCheckout(session *CheckoutSession) checkoutView {
	due := s.due(session)
	view := checkoutView{Frame: frame("Checkout"), Total: money(due, session.Currency), Email: s.emailOf(session), CancelURL: session.CancelURL,
		Asks: true, Debit: true}
	view.EmailFixed = session.CustomerEmail != "" || session.Customer != "" && view.Email != ""
	var later int64
	for _, line := range session.Lines {
		price := s.state.Prices.Get(line.Price)
		view.Lines = append(view.Lines, checkoutLine{ID: line.ID, Name: s.state.Products.Get(price.Product).Name + quantityOf(line.Quantity),
			Price: s.describe(price, line.Quantity)})
		if price.recurring() {
			later += price.Amount * line.Quantity
		}
	}
	trial := s.trialEndOf(session).After(s.now())
	if trial {
		view.Later = "Free until " + day(s.trialEndOf(session)) + ", then " + money(later, session.Currency)
	}
	switch {
	case session.Mode == "subscription" && trial:
		view.Heading, view.Button = "Try it free", "Start trial"
	case session.Mode == "subscription":
		view.Heading, view.Button = "Subscribe", "Subscribe"
	default:
		view.Heading, view.Button = "Pay", "Pay "+view.Total
	}
	if tried := s.state.PaymentIntents.Get(session.Tried); tried != nil && tried.Failure != nil {
		view.Error = tried.Failure.Message // of a challenge, from which the buyer comes back
	}
	return view
}

func (s *Stripe) checkoutPost(w http.ResponseWriter, r *http.Request) {
	typed := readCardForm(r)
	number := typed.Method
	if number == "card" || number == "" {
		number = strings.ReplaceAll(typed.Number, " ", "")
		if problem := s.checkCard(typed); problem != nil {
			s.showCheckout(w, r, problem.Status, problem.Message)
			return
		}
	}
	id := r.PathValue("session")
	completed, err := s.payCheckout(id, number, strings.TrimSpace(r.PostFormValue("email")))
	var session *CheckoutSession
	s.world.View(func() {
		if found := s.state.Sessions.Get(id); found != nil {
			copied := found.clone()
			session = &copied
		}
	})
	switch {
	case session == nil || err != nil && session.Status != "complete":
		s.showCheckout(w, r, statusOf(err), plain(err))
		return
	case completed != "":
		s.awaitDelivery(r, completed)
	}
	w.Header().Set("Location", s.afterPaying(session))
	w.WriteHeader(http.StatusSeeOther)
}

// afterPaying is where a buyer goes: to the success page, also when the form was
// sent twice, or to the challenge that the session's intent waits for.
func (s *Stripe) afterPaying(session *CheckoutSession) string {
	if session.Status == "complete" {
		return successURL(session)
	}
	return s.challengeURL(s.waitingIntent(session))
}
