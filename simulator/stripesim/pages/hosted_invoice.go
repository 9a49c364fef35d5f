package pages

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// hostedInvoiceView is the data of the hosted invoice page.
type hostedInvoiceView struct {
	page.Frame
	Number, Status, Tone, Total, For, Date, When string
	Lines                                        []lineView
	Sums                                         []lineView
	Payable                                      bool
	Methods                                      []methodView
	Card                                         cardForm
	Error                                        string
	Note                                         string
}

var hostedInvoiceTemplate = page.Parse(`
<div class="columns">
<section class="card">
<p><span class="status {{.Tone}}">{{.Status}}</span></p>
<p class="total">{{.Total}}</p>
<p class="soft" id="when">{{.When}}</p>
<dl class="sums">
<div><dt class="soft">Invoice</dt><dd>{{.Number}}</dd></div>
<div><dt class="soft">To</dt><dd>{{.For}}</dd></div>
<div><dt class="soft">Date</dt><dd>{{.Date}}</dd></div>
</dl>
</section>
<section class="card">
<h1>{{if .Payable}}Pay invoice{{else}}Invoice{{end}}</h1>
{{with .Note}}<p class="note" role="status">{{.}}</p>{{end}}
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<ul class="rows">{{range .Lines}}<li><span>{{.Name}}</span><span>{{.Price}}</span></li>{{end}}</ul>
<dl class="sums">{{range .Sums}}<div class="sum"><dt>{{.Name}}</dt><dd>{{.Price}}</dd></div>{{end}}</dl>
{{if .Payable}}<form method="post">
{{if .Methods}}<fieldset class="choice"><legend>Pay with</legend>
{{range .Methods}}<label><input type="radio" name="method" value="{{.ID}}"{{if .Default}} checked{{end}}> <span class="grow">{{.Text}}</span></label>{{end}}
<label><input type="radio" name="method" value="card"> <span class="grow">Another card</span></label></fieldset>
<div class="onlycard">{{template "card" .Card}}</div>
{{else}}<input type="hidden" name="method" value="card">{{template "card" .Card}}{{end}}
<button class="full" name="action" value="pay">Pay {{.Total}}</button>
</form>{{end}}
</section>
</div>`, cardFields)

func (s *Pages) hostedInvoice(w http.ResponseWriter, r *http.Request) {
	s.showHostedInvoice(w, r, http.StatusOK, "")
}

func (s *Pages) showHostedInvoice(w http.ResponseWriter, r *http.Request, status int, problem string) {
	var view *hostedInvoiceView
	s.World.View(func() {
		if invoice := s.State.Invoices.Get(r.PathValue("invoice")); invoice != nil && invoice.Status != "draft" {
			s.On(invoice.Customer, func() { view = s.viewHostedInvoice(invoice) })
		}
	})
	if view == nil {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"),
			Heading: "This invoice does not exist", Text: "The link is wrong, or the invoice is still a draft."})
		return
	}
	view.Error, view.Card = cmp.Or(problem, view.Error), readCardForm(r)
	if r.URL.Query().Has("paid") && view.Status == "paid" {
		view.Note = "Thank you. The invoice is paid."
	}
	page.Write(w, status, hostedInvoiceTemplate, view)
}

func (s *Pages) viewHostedInvoice(invoice *state.Invoice) *hostedInvoiceView {
	customer := s.State.Customers.Get(invoice.Customer)
	shown := s.ShowInvoice(invoice)
	amount := func(field string) string {
		value, _ := shown[field].(int64)
		return account.Money(value, invoice.Currency)
	}
	view := &hostedInvoiceView{Frame: frame("Invoice " + invoice.Number), Number: invoice.Number, Status: invoice.Status,
		Tone: tone(invoice.Status), Total: amount("amount_due"), For: customer.Email, Date: day(invoice.FinalizedAt),
		Payable: invoice.Status == "open"}
	switch invoice.Status {
	case "paid":
		view.When = "Paid on " + day(invoice.PaidAt)
	case "void":
		view.When = "Voided on " + day(invoice.VoidedAt) + ". Nothing is due."
	case "open":
		view.When = "Waits to be paid"
		switch intent := s.State.PaymentIntents.Get(invoice.PaymentIntent); {
		case intent == nil:
		case intent.Status == "processing":
			view.When, view.Payable = "The payment is on its way", false
		case intent.Failure != nil:
			view.Error = intent.Failure.Message
		}
	}
	for _, line := range shown["lines"].(api.Object)["data"].([]any) {
		shownLine := line.(api.Object)
		value, _ := shownLine["amount"].(int64)
		name, _ := shownLine["description"].(string)
		view.Lines = append(view.Lines, lineView{Name: name, Price: account.Money(value, invoice.Currency)})
	}
	if subtotal, total := amount("subtotal"), amount("total"); subtotal != total {
		view.Sums = append(view.Sums, lineView{Name: "Subtotal", Price: subtotal})
	}
	view.Sums = append(view.Sums, lineView{Name: "Total", Price: amount("total")})
	if !view.Payable || customer.Deleted {
		view.Payable = view.Payable && !customer.Deleted
		return view
	}
	for i, method := range s.methodsOf(customer) {
		view.Methods = append(view.Methods, methodView{ID: method.ID, Text: method.Describe(), Default: i == 0})
	}
	return view
}

func (s *Pages) hostedInvoicePost(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("invoice")
	next := s.Link("/i/"+id) + "?paid="
	var err error
	s.Change(id, func() {
		invoice := s.State.Invoices.Get(id)
		if invoice == nil || invoice.Status != "open" {
			return
		}
		err = s.payHosted(invoice, readCardForm(r))
		if intent := s.State.PaymentIntents.Get(invoice.PaymentIntent); intent != nil && intent.Status == "requires_action" {
			intent.ReturnURL, next, err = next, s.ChallengeURL(intent.ID), nil
		}
	})
	if err != nil {
		s.showHostedInvoice(w, r, statusOf(err), plain(err))
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// payHosted pays an invoice with a saved payment method, or with a typed card,
// which is then saved.
func (s *Pages) payHosted(invoice *state.Invoice, typed cardForm) error {
	customer := s.State.Customers.Get(invoice.Customer)
	if customer.Deleted {
		return api.NoSuch("customer", customer.ID, "customer")
	}
	method := s.State.PaymentMethods.Get(typed.Method)
	switch {
	case method != nil && method.Customer == customer.ID:
	case typed.Method != "card" && typed.Method != "":
		return api.NoSuch("PaymentMethod", typed.Method, "payment_method")
	default:
		if problem := s.checkCard(typed); problem != nil {
			return problem
		}
		fresh, failure := s.Customers.NewPaymentMethod(typed.Number, api.Contact{Email: customer.Email})
		if failure != nil {
			return failure
		}
		method = fresh
		s.Customers.Attach(method, customer.ID)
	}
	return s.Billing.PayNow(invoice, method, !billing.OffSession)
}

// quantityOf formats a quantity; "" for one.
func quantityOf(quantity int64) string {
	if quantity == 1 {
		return ""
	}
	return " × " + strconv.FormatInt(quantity, 10)
}
