package stripesim

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// redirectPatience is how long the page waits for the endpoints to take
// checkout.session.completed before it goes to the success URL, as Stripe does.
const redirectPatience = 10 * time.Second

// hostedPages serves what a buyer and a customer see. Its POSTs are refused
// when they come from another site's page.
func (s *Stripe) hostedPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /c/pay/{session}", s.checkoutPage)
	mux.HandleFunc("POST /c/pay/{session}", s.checkoutPost)
	mux.HandleFunc("GET /3ds/{intent}", s.challengePage)
	mux.HandleFunc("POST /3ds/{intent}", s.challengePost)
	mux.HandleFunc("GET /i/{invoice}", s.hostedInvoice)
	mux.HandleFunc("POST /i/{invoice}", s.hostedInvoicePost)
	s.portalPages(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"), Heading: "There is nothing here",
			Text: "This is a simulated Stripe. Its API is under /v1/, its controls are at /_sim.", Link: "/_sim", LinkTo: "Open the controls"})
	})
	return s.gate.Wrap(http.NewCrossOriginProtection().Handler(mux))
}

func frame(title string) page.Frame { return page.Frame{Title: title, Provider: "Stripe"} }

// checkoutView is the data of the checkout page.
type checkoutView struct {
	page.Frame
	ID          string
	Total       string
	Later       string // what is paid after a trial, "" without one
	Lines       []lineView
	Email       string
	EmailFixed  bool
	CancelURL   string
	Error       string
	Card        string
	Subscribing bool
}

type lineView struct{ Name, Price string }

var checkoutTemplate = page.Parse(`
<div class="columns">
<section class="card">
<p class="soft">{{if .Subscribing}}Subscribe{{else}}Pay{{end}}</p>
<p class="total">{{.Total}}</p>
{{with .Later}}<p class="soft">{{.}}</p>{{end}}
<ul class="rows">{{range .Lines}}<li><span>{{.Name}}</span><span>{{.Price}}</span></li>{{end}}</ul>
{{with .CancelURL}}<p><a href="{{.}}">Back</a></p>{{end}}
</section>
<section class="card">
<h1>Payment</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="email" required value="{{.Email}}"{{if .EmailFixed}} readonly{{end}}>
<fieldset class="choice">
<legend>Pay with</legend>
<label><input type="radio" name="method" value="card" checked> Card</label>
<label><input type="radio" name="method" value="sepa"> SEPA debit, outcome a day later: paid</label>
<label><input type="radio" name="method" value="sepa_fail"> SEPA debit, outcome a day later: failed</label>
</fieldset>
<label for="card">Card number</label>
<input id="card" name="card" inputmode="numeric" autocomplete="off" placeholder="4242 4242 4242 4242" value="{{.Card}}" aria-describedby="hint">
<p class="soft" id="hint">Only test numbers: 4242 4242 4242 4242 is accepted, 4000 0000 0000 0002 is declined.</p>
<div class="pair">
<div><label for="expiry">Expiry</label><input id="expiry" name="expiry" inputmode="numeric" autocomplete="off" placeholder="12 / 34"></div>
<div><label for="cvc">CVC</label><input id="cvc" name="cvc" inputmode="numeric" autocomplete="off" placeholder="123"></div>
</div>
<button class="full" type="submit">{{if .Subscribing}}Subscribe{{else}}Pay {{.Total}}{{end}}</button>
</form>
</section>
</div>`)

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
			session, view = &copied, s.viewCheckout(found)
		}
	})
	switch {
	case session == nil:
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"), Heading: "This checkout does not exist", Text: "The link is wrong, or the simulator's state was reset."})
		return
	case session.Status == "complete":
		page.WriteNotice(w, http.StatusOK, page.Notice{Frame: frame("Already paid"), Heading: "This checkout is already complete", Text: "Nothing more is to be paid here.", Link: successURL(session), LinkTo: "Continue"})
		return
	case session.Status == "expired":
		page.WriteNotice(w, http.StatusGone, page.Notice{Frame: frame("Expired"), Heading: "This checkout has expired", Text: "Go back and begin again.", Link: session.CancelURL, LinkTo: "Back"})
		return
	}
	view.Error = problem
	if r.Method == http.MethodPost {
		view.Card = r.PostFormValue("card")
		if !view.EmailFixed {
			view.Email = r.PostFormValue("email")
		}
	}
	page.Write(w, status, checkoutTemplate, view)
}

func (s *Stripe) viewCheckout(session *CheckoutSession) checkoutView {
	view := checkoutView{Frame: frame("Checkout"), ID: session.ID, Total: money(s.due(session), session.Currency), Email: s.emailOf(session),
		CancelURL: session.CancelURL, Subscribing: session.Mode == "subscription"}
	view.EmailFixed = session.CustomerEmail != "" || session.Customer != "" && view.Email != ""
	var later int64
	for _, line := range session.Lines {
		price := s.state.Prices.Get(line.Price)
		name := s.state.Products.Get(price.Product).Name
		if line.Quantity > 1 {
			name += " × " + strconv.FormatInt(line.Quantity, 10)
		}
		view.Lines = append(view.Lines, lineView{Name: name, Price: s.describe(price, line.Quantity)})
		if price.recurring() {
			later += price.Amount * line.Quantity
		}
	}
	if trial := s.trialEndOf(session); trial.After(s.now()) {
		view.Later = "Free until " + trial.Format("2 January 2006") + ", then " + money(later, session.Currency)
	}
	return view
}

func (s *Stripe) describe(price *Price, quantity int64) string {
	text := money(price.Amount*quantity, price.Currency)
	if !price.recurring() {
		return text
	}
	if price.count() == 1 {
		return text + " / " + price.Interval
	}
	return text + " every " + strconv.FormatInt(price.count(), 10) + " " + price.Interval + "s"
}

func (s *Stripe) checkoutPost(w http.ResponseWriter, r *http.Request) {
	number := r.PostFormValue("method")
	if number == "card" || number == "" {
		number = strings.ReplaceAll(r.PostFormValue("card"), " ", "")
		if problem := checkCardForm(number, r.PostFormValue("expiry"), r.PostFormValue("cvc"), time.Now()); problem != "" {
			s.showCheckout(w, r, http.StatusPaymentRequired, problem)
			return
		}
	}
	id := r.PathValue("session")
	completed, err := s.payCheckout(id, number, strings.TrimSpace(r.PostFormValue("email")))
	if err != nil {
		s.showCheckout(w, r, http.StatusPaymentRequired, plain(err))
		return
	}
	if completed != "" {
		s.awaitDelivery(r, completed)
	}
	var session CheckoutSession
	s.world.View(func() { session = s.state.Sessions.Get(id).clone() })
	next := successURL(&session)
	if completed == "" {
		next = s.challengeURL(session.Tried)
	}
	w.Header().Set("Location", next)
	w.WriteHeader(http.StatusSeeOther)
}

// plain is an error as a buyer reads it.
func plain(err error) string {
	var failure *Error
	if errors.As(err, &failure) {
		return failure.Message
	}
	return err.Error()
}

// statusOf is the status of a page that shows an error again.
func statusOf(err error) int {
	var failure *Error
	if errors.As(err, &failure) {
		return failure.Status
	}
	return http.StatusInternalServerError
}

// cardProblem is what is wrong with a card before anybody is asked for money.
func cardProblem(message string) *Error {
	return &Error{Status: http.StatusPaymentRequired, Type: "card_error", Message: message}
}

// day is a date as a person reads it.
func day(t time.Time) string { return t.Format("2 January 2006") }

// awaitDelivery waits until the event is settled, the patience or the buyer is gone.
func (s *Stripe) awaitDelivery(r *http.Request, event string) {
	var settled <-chan struct{}
	s.world.View(func() { settled = s.outbox.Await(event) })
	patience := time.NewTimer(redirectPatience)
	defer patience.Stop()
	select {
	case <-settled:
	case <-patience.C:
	case <-r.Context().Done():
	}
}

func successURL(session *CheckoutSession) string {
	return strings.ReplaceAll(session.SuccessURL, "{CHECKOUT_SESSION_ID}", session.ID)
}

var (
	expiryForm = regexp.MustCompile(`^\s*(0[1-9]|1[0-2])\s*/?\s*(\d\d)\s*$`)
	cvcForm    = regexp.MustCompile(`^\s*\d{3,4}\s*$`)
)

// checkCardForm returns what is wrong with the form, in Stripe's words, or "".
func checkCardForm(number, expiry, cvc string, now time.Time) string {
	parts := expiryForm.FindStringSubmatch(expiry)
	switch {
	case number == "":
		return "Your card number is incomplete."
	case parts == nil:
		return "Your card's expiration date is incomplete."
	case !cvcForm.MatchString(cvc):
		return "Your card's security code is incomplete."
	}
	last, err := time.Parse("01/06", parts[1]+"/"+parts[2])
	if err != nil || !last.AddDate(0, 1, 0).After(now) {
		return "Your card's expiration year is in the past."
	}
	return ""
}
