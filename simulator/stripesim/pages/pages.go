package pages

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/checkout"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/intents"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/payments"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/portal"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Pages serves the hosted pages of an account.
type Pages struct {
	*account.Account

	Billing   *billing.Billing
	Checkout  *checkout.Checkout
	Customers *customers.Customers
	Intents   *intents.Intents
	Payments  *payments.Payments
	Portal    *portal.Portal
	// Perform runs an API operation on behalf of a page.
	Perform func(method, path string, form url.Values) (api.Object, error)
}

// redirectPatience is how long the page waits for endpoints to accept
// checkout.session.completed before it goes to the success URL, as at Stripe.
const redirectPatience = 10 * time.Second

// Handler serves the pages that buyers and customers see. It refuses POSTs from
// other sites.
func (s *Pages) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /c/pay/{session}", s.checkoutPage)
	mux.HandleFunc("POST /c/pay/{session}", s.checkoutPost)
	mux.HandleFunc("GET /b/{code}", s.linkPage)
	mux.HandleFunc("GET /3ds/{intent}", s.challengePage)
	mux.HandleFunc("POST /3ds/{intent}", s.challengePost)
	mux.HandleFunc("GET /i/{invoice}", s.hostedInvoice)
	mux.HandleFunc("POST /i/{invoice}", s.hostedInvoicePost)
	s.portalPages(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"), Heading: "Page not found",
			Text: "This is a simulated Stripe. The API is under /v1/, the controls are at /_sim.", Link: "/_sim",
			LinkTo: "Open the controls"})
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

func frame(title string) page.Frame { return page.Frame{Title: title, Provider: "Stripe"} }

func (s *Pages) describe(price *state.Price, quantity int64) string {
	text := account.Money(price.Amount*quantity, price.Currency)
	if !price.Recurring() {
		return text
	}
	if price.Count() == 1 {
		return text + " / " + price.Interval
	}
	return text + " every " + strconv.FormatInt(price.Count(), 10) + " " + price.Interval + "s"
}

// plain returns the text of an error for a buyer.
func plain(err error) string {
	var failure *api.Error
	if errors.As(err, &failure) {
		return failure.Message
	}
	return err.Error()
}

// statusOf returns the status of a page that shows an error.
func statusOf(err error) int {
	var failure *api.Error
	if errors.As(err, &failure) {
		return failure.Status
	}
	return http.StatusInternalServerError
}

// checkCard returns the error of a typed card before it is charged, or nil.
func (s *Pages) checkCard(typed cardForm) *api.Error {
	problem := checkCardForm(strings.ReplaceAll(typed.Number, " ", ""), typed.Expiry, typed.CVC, time.Now())
	if problem == "" {
		return nil
	}
	return &api.Error{Status: http.StatusPaymentRequired, Type: "card_error", Message: problem}
}

// day formats a date for a person.
func day(t time.Time) string { return t.Format("2 January 2006") }

// awaitDelivery waits until an event is settled, the patience runs out, or the
// buyer leaves.
func (s *Pages) awaitDelivery(r *http.Request, event string) {
	var settled <-chan struct{}
	s.World.View(func() { settled = s.Outbox.Await(event) })
	patience := time.NewTimer(redirectPatience)
	defer patience.Stop()
	select {
	case <-settled:
	case <-patience.C:
	case <-r.Context().Done():
	}
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
