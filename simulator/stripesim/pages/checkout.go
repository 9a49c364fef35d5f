package pages

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/checkout"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// checkoutView is the data of the checkout page.
type checkoutView struct {
	page.Frame
	Heading    string
	Total      string
	Later      string // what is paid after the trial; "" without one
	Lines      []checkoutLine
	Sums       []lineView // from subtotal to total; nil if there is only a total
	Promotion  *promotionView
	Email      string
	EmailFixed bool
	Buyer      api.Contact // typed besides the e-mail address
	Address    api.Address // billing address; empty until typed
	AsksPhone  bool
	AsksStreet bool // asks for the whole address instead of country and postal code
	CancelURL  string
	Error      string
	Asks       bool // asks for a payment method
	Takes      map[string]bool
	Card       cardForm
	Terms      string // terms to accept; "" for none
	Agreed     bool
	Note       string
	After      string
	Button     string
}

type lineView struct{ Name, Price string }

// checkoutLine is a line of a checkout. Less and More are the quantities one
// step away, "" at a limit.
type checkoutLine struct {
	ID, Name, Price      string
	Quantity, Less, More string
	Adjustable           bool
}

// promotionView is the promotion code field, or the code in use.
type promotionView struct{ Typed, Error, Used string }

// The buttons beside the lines belong to the page's only form, so a step keeps
// what was typed. The hidden button comes first because the return key presses
// it.
var checkoutTemplate = page.Parse(`
<div class="columns">
<section class="card">
<button form="pay" class="hidden" tabindex="-1" aria-hidden="true" name="action" value="pay">Pay</button>
<p class="soft">{{.Heading}}</p>
{{with .Total}}<p class="total">{{.}}</p>{{end}}
{{with .Later}}<p class="soft" id="later">{{.}}</p>{{end}}
{{with .Lines}}<ul class="rows" id="lines">{{range .}}<li class="mid"><span>{{.Name}}
{{if .Adjustable}}<br><span class="stepper"><button form="pay" class="step" name="quantity" value="{{.ID}} {{.Less}}" formnovalidate aria-label="Less {{.Name}}"{{if not .Less}} disabled{{end}}>−</button><output>{{.Quantity}}</output><button form="pay" class="step" name="quantity" value="{{.ID}} {{.More}}" formnovalidate aria-label="More {{.Name}}"{{if not .More}} disabled{{end}}>+</button></span>{{end}}</span>
<span>{{.Price}}</span></li>{{end}}</ul>{{end}}
{{with .Promotion}}<div id="promotion">
{{if .Used}}<p class="line"><span>Code <strong>{{.Used}}</strong></span><button form="pay" class="plain" name="action" value="remove_promotion" formnovalidate>Remove</button></p>
{{else}}<label for="code">Promotion code</label>
<div class="inline"><input form="pay" id="code" name="code" autocomplete="off" autocapitalize="characters" value="{{.Typed}}"{{if .Error}} aria-invalid="true" aria-describedby="code-error"{{end}}><button form="pay" class="quiet" name="action" value="promotion" formnovalidate>Apply</button></div>
{{with .Error}}<p class="error" id="code-error" role="alert">{{.}}</p>{{end}}{{end}}</div>{{end}}
{{with .Sums}}<dl class="sums">{{range .}}<div><dt>{{.Name}}</dt><dd>{{.Price}}</dd></div>{{end}}</dl>{{end}}
{{with .CancelURL}}<p><a class="link" id="back" href="{{.}}">← Back</a></p>{{end}}
</section>
<section class="card">
<h1>{{if not .Asks}}Contact{{else if .Total}}Payment{{else}}Payment method{{end}}</h1>
{{with .Error}}<p class="error" id="problem" role="alert">{{.}}</p>{{end}}
<form method="post" id="pay">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="email" required value="{{.Email}}"{{if .EmailFixed}} readonly{{end}}>
{{if .Asks}}
{{if and .Takes.card .Takes.sepa_debit}}<fieldset class="choice">
<legend>Pay with</legend>
<label><input type="radio" name="method" value="card"{{if eq .Card.Method "" "card"}} checked{{end}}> <span class="grow">Card</span></label>
<label><input type="radio" name="method" value="sepa"{{if eq .Card.Method "sepa"}} checked{{end}}> <span class="grow">SEPA debit <span class="soft">paid a day later</span></span></label>
<label><input type="radio" name="method" value="sepa_fail"{{if eq .Card.Method "sepa_fail"}} checked{{end}}> <span class="grow">SEPA debit <span class="soft">fails a day later</span></span></label>
</fieldset>
{{else if .Takes.sepa_debit}}<fieldset class="choice">
<legend>Pay with</legend>
<label><input type="radio" name="method" value="sepa"{{if ne .Card.Method "sepa_fail"}} checked{{end}}> <span class="grow">SEPA debit <span class="soft">paid a day later</span></span></label>
<label><input type="radio" name="method" value="sepa_fail"{{if eq .Card.Method "sepa_fail"}} checked{{end}}> <span class="grow">SEPA debit <span class="soft">fails a day later</span></span></label>
</fieldset>{{end}}
{{if .Takes.card}}<div class="onlycard">{{template "card" .Card}}</div>{{end}}
{{end}}
<label for="name">{{if .Takes.card}}Name on card{{else}}Full name{{end}}</label>
<input id="name" name="name" autocomplete="name" value="{{.Buyer.Name}}">
{{if .AsksPhone}}<label for="phone">Phone</label>
<input id="phone" name="phone" type="tel" autocomplete="tel" required value="{{.Buyer.Phone}}">{{end}}
{{if .AsksStreet}}<label for="line1">Address</label>
<input id="line1" name="line1" autocomplete="address-line1" required value="{{.Address.Line1}}">
<label for="city">City</label>
<input id="city" name="city" autocomplete="address-level2" required value="{{.Address.City}}">{{end}}
<div class="pair">
<div><label for="country">Country</label>
<input id="country" name="country" autocomplete="country" maxlength="2" placeholder="US" value="{{.Address.Country}}"></div>
<div><label for="postal_code">Postal code</label>
<input id="postal_code" name="postal_code" autocomplete="postal-code"{{if .AsksStreet}} required{{end}} value="{{.Address.PostalCode}}"></div>
</div>
{{with .Terms}}<div class="choice"><label><input type="checkbox" name="terms" value="accepted" required{{if $.Agreed}} checked{{end}}> <span class="grow">{{.}}</span></label></div>{{end}}
{{with .Note}}<p class="soft">{{.}}</p>{{end}}
<button class="full" name="action" value="pay">{{.Button}}</button>
{{with .After}}<p class="soft">{{.}}</p>{{end}}
</form>
</section>
</div>`, cardFields)

func (s *Pages) checkoutPage(w http.ResponseWriter, r *http.Request) {
	s.showCheckout(w, r, http.StatusOK, "")
}

// showCheckout renders the form, or what became of the session.
func (s *Pages) showCheckout(w http.ResponseWriter, r *http.Request, status int, problem string) {
	var view checkoutView
	var session *state.CheckoutSession
	s.World.View(func() {
		if found := s.State.Sessions.Get(r.PathValue("session")); found != nil {
			copied := found.Clone()
			s.On(found.ID, func() { session, view = &copied, s.viewCheckout(found) })
		}
	})
	switch {
	case session == nil:
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"),
			Heading: "This checkout does not exist", Text: "The link is wrong, or the simulator's state was reset."})
		return
	case session.Status == "complete":
		page.WriteNotice(w, http.StatusOK, s.thanks(session))
		return
	case session.Status == "expired":
		page.WriteNotice(w, http.StatusGone, page.Notice{Frame: frame("Expired"), Heading: "This checkout has expired",
			Text: "Go back and start again.", Link: session.CancelURL, LinkTo: "Back"})
		return
	}
	view.Card, view.Agreed = readCardForm(r), r.PostFormValue("terms") != ""
	view.Buyer = checkout.ReadBuyer(r)
	if view.Buyer.Email != "" && !view.EmailFixed {
		view.Email = view.Buyer.Email
	}
	view.Address = *cmp.Or(view.Buyer.Address, &api.Address{})
	switch promotion := view.Promotion; {
	case promotion != nil && r.PostFormValue("code") != "":
		promotion.Typed, promotion.Error = r.PostFormValue("code"), problem
	case problem != "":
		view.Error = problem
	case r.Method == http.MethodPost:
		view.Error = "" // from an earlier attempt
	}
	page.Write(w, status, checkoutTemplate, view)
}

func (s *Pages) viewCheckout(session *state.CheckoutSession) checkoutView {
	view := checkoutView{Frame: frame("Checkout"), Email: s.EmailOf(session), CancelURL: session.CancelURL,
		Asks: s.NeedsMethod(session), Takes: map[string]bool{"card": true, "sepa_debit": session.Types == nil},
		Note: session.Options.CustomText["submit"], After: session.Options.CustomText["after_submit"]}
	for kind := range view.Takes {
		view.Takes[kind] = session.Types == nil || slices.Contains(session.Types, kind)
	}
	if session.PaymentLink != "" {
		view.CancelURL = ""
	}
	view.EmailFixed = s.FixedEmail(session) != ""
	view.AsksPhone, view.AsksStreet = session.Options.PhoneNumber, session.Options.BillingAddress == "required"
	if session.Options.TermsOfService == "required" {
		view.Terms = cmp.Or(session.Options.CustomText["terms_of_service_acceptance"], "I agree to the terms of service")
	}
	if session.Mode == "setup" {
		view.Heading, view.Button, view.Lines = "Save a payment method for later. Nothing is charged.", "Save", nil
	} else {
		s.viewAmounts(session, &view)
	}
	if failure := s.failureOf(session); failure != nil {
		view.Error = failure.Message // the buyer returns from a failed challenge
	}
	return view
}

// failureOf returns the error of the last attempt to pay a session or to save a
// card, or nil.
func (s *Pages) failureOf(session *state.CheckoutSession) *api.Error {
	if setup := s.State.SetupIntents.Get(session.SetupIntent); setup != nil {
		return setup.Failure
	}
	if tried := s.State.PaymentIntents.Get(session.Tried); tried != nil {
		return tried.Failure
	}
	return nil
}

func (s *Pages) viewAmounts(session *state.CheckoutSession, view *checkoutView) {
	var later int64
	for _, line := range session.Lines {
		price := s.State.Prices.Get(line.Price)
		if price.Recurring() {
			later += price.Amount * line.Quantity
		}
		view.Lines = append(view.Lines, s.viewLine(price, line))
	}
	subtotal, discount := s.Totals(session)
	view.Total = account.Money(subtotal-discount, session.Currency)
	if discount > 0 {
		view.Sums = []lineView{{"Subtotal", account.Money(subtotal, session.Currency)},
			{"Discount", account.Money(-discount, session.Currency)}, {"Total", view.Total}}
	}
	if session.AllowPromotionCodes {
		view.Promotion = &promotionView{}
		if session.Given != nil {
			view.Promotion.Used = cmp.Or(s.codeOf(session.Given.PromotionCode), session.Given.Coupon)
		}
	}
	trial := s.TrialEndOf(session)
	switch {
	case session.Mode == "subscription" && trial.After(s.Now()):
		view.Heading, view.Button = "Try it free", "Start trial"
		view.Later = "Free until " + day(trial) + ", then " + account.Money(later, session.Currency)
		if session.Given != nil {
			view.Later += " before the discount"
		}
	case session.Mode == "subscription":
		view.Heading, view.Button = "Subscribe", "Subscribe"
	case !view.Asks:
		view.Heading, view.Button = "Nothing to pay", "Complete"
	default:
		view.Heading, view.Button = "Pay", "Pay "+view.Total
	}
}

func (s *Pages) codeOf(id string) string {
	if code := s.State.PromotionCodes.Get(id); code != nil {
		return code.Code
	}
	return ""
}

func (s *Pages) viewLine(price *state.Price, line state.SessionLine) checkoutLine {
	view := checkoutLine{ID: line.ID, Name: s.State.Products.Get(price.Product).Name,
		Price: s.describe(price, line.Quantity), Adjustable: line.Adjustable}
	if !line.Adjustable {
		view.Name += quantityOf(line.Quantity)
		return view
	}
	view.Quantity = strconv.FormatInt(line.Quantity, 10)
	if line.Quantity > line.Minimum {
		view.Less = strconv.FormatInt(line.Quantity-1, 10)
	}
	if line.Quantity < line.Maximum {
		view.More = strconv.FormatInt(line.Quantity+1, 10)
	}
	return view
}
