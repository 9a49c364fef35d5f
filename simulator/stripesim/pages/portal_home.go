package pages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// shownInvoices and shownEnded limit the lists on the home page.
const (
	shownInvoices = 12
	shownEnded    = 3
)

// homeView is the data of the portal's home page.
type homeView struct {
	portalFrame
	Base     string
	Who      string
	Plans    []planView
	Methods  []methodView
	Add      bool
	Details  []detailView // nil if customers cannot change them
	Invoices []invoiceRow
}

// planView is a subscription as its customer sees it.
type planView struct {
	ID, Status, Tone, When, Note, PaidWith, Path string
	Items                                        []lineView
	Keep, Stay, Cancel, Update, Ended            bool
	Owed                                         string // URL of an unpaid invoice
}

type methodView struct {
	ID, Text, Expires string
	Default, Manage   bool
	Path              string
}

type detailView struct{ Name, Value string }

type invoiceRow struct{ Number, Date, Total, Status, Tone, URL string }

var homeStep = portalStep{
	title: "Billing",
	template: parsePortal(`<h1>Billing</h1>
<p class="soft" id="who">{{.Who}}</p>
{{range .Plans}}
<section class="card plan" id="{{.ID}}">
<p><span class="status {{.Tone}}">{{.Status}}</span></p>
<ul class="rows">{{range .Items}}<li><strong>{{.Name}}</strong><span>{{.Price}}</span></li>{{end}}</ul>
<p class="when">{{.When}}</p>
{{with .Note}}<p class="soft">{{.}}</p>{{end}}
{{with .PaidWith}}<p class="soft">Paid with {{.}}</p>{{end}}
{{if not .Ended}}<div class="actions">
{{with .Owed}}<a class="button" href="{{.}}">Pay the open invoice</a>{{end}}
{{if .Update}}<a class="button quiet update" href="{{.Path}}/update">Change plan</a>{{end}}
{{if .Keep}}<form method="post"><input type="hidden" name="subscription" value="{{.ID}}"><button name="action" value="keep">Don’t cancel</button></form>{{end}}
{{if .Stay}}<form method="post"><input type="hidden" name="subscription" value="{{.ID}}"><button class="quiet" name="action" value="stay">Keep my current plan</button></form>{{end}}
{{if .Cancel}}<a class="button quiet cancel" href="{{.Path}}/cancel">Cancel plan</a>{{end}}
</div>{{end}}
</section>
{{else}}<section class="card"><p>No active plan.</p></section>{{end}}
<section class="card" id="methods">
<h2>Payment methods</h2>
<ul class="rows">{{range .Methods}}<li class="mid"><span>{{.Text}}{{if .Default}} <span class="status">default</span>{{end}}{{with .Expires}}<br><span class="soft">{{.}}</span>{{end}}</span>
<span>{{if .Manage}}<a class="link" href="{{.Path}}">Manage<span class="hidden"> {{.Text}}</span></a>{{end}}</span></li>
{{else}}<li><span class="soft">None yet</span></li>{{end}}</ul>
{{if .Add}}<p><a class="button quiet" id="add-method" href="{{.Base}}/payment-methods">Add a payment method</a></p>{{end}}
</section>
{{if .Details}}<section class="card" id="details">
<h2>Billing details</h2>
<dl class="sums">{{range .Details}}<div><dt class="soft">{{.Name}}</dt><dd>{{if .Value}}{{.Value}}{{else}}–{{end}}</dd></div>{{end}}</dl>
<p><a class="button quiet" id="edit-details" href="{{.Base}}/customer">Change details</a></p>
</section>{{end}}
{{with .Invoices}}<section class="card" id="invoices"><h2>Invoices</h2><ul class="rows">
{{range .}}<li><a class="link two" href="{{.URL}}">{{.Number}}<span class="soft">{{.Date}}</span></a><span>{{.Total}} <span class="status {{.Tone}}">{{.Status}}</span></span></li>{{end}}
</ul></section>{{end}}`),
	view: (*Pages).viewHome,
	act:  (*Pages).keepPlan,
}

func (s *Pages) viewHome(v *visit) any {
	features := v.configuration.Features
	view := homeView{portalFrame: s.portalFrame(v, "Billing"), Base: v.home(),
		Who: cmp.Or(v.customer.Email, v.customer.Name, v.customer.ID), Add: features.PaymentMethodUpdate}
	ended := 0
	for _, sub := range slices.Backward(s.State.Subscriptions.Of(v.customer.ID)) {
		if !sub.Live() {
			if ended++; ended > shownEnded {
				continue
			}
		}
		view.Plans = append(view.Plans, s.viewPlan(v, sub))
	}
	slices.SortStableFunc(view.Plans, func(a, b planView) int { return boolOrder(a.Ended) - boolOrder(b.Ended) })
	for _, method := range s.methodsOf(v.customer) {
		view.Methods = append(view.Methods, methodView{ID: method.ID, Text: method.Describe(), Expires: method.Expires(),
			Default: method.ID == v.customer.DefaultPaymentMethod, Manage: features.PaymentMethodUpdate,
			Path: v.home() + "/payment-methods/" + method.ID})
	}
	if features.CustomerUpdate {
		view.Details = v.details()
	}
	if features.InvoiceHistory {
		view.Invoices = s.viewInvoices(v.customer.ID)
	}
	return view
}

func boolOrder(last bool) int {
	if last {
		return 1
	}
	return 0
}

func (s *Pages) viewInvoices(customer string) []invoiceRow {
	var rows []invoiceRow
	for _, invoice := range slices.Backward(s.State.Invoices.Of(customer)) {
		if invoice.Status != "draft" && len(rows) < shownInvoices {
			rows = append(rows, invoiceRow{Number: invoice.Number, Date: day(invoice.Created),
				Total: account.Money(invoice.Total(), invoice.Currency), Status: invoice.Status, Tone: tone(invoice.Status),
				URL: "/i/" + invoice.ID})
		}
	}
	return rows
}

func (s *Pages) viewPlan(v *visit, sub *state.Subscription) planView {
	features := v.configuration.Features
	view := planView{ID: sub.ID, Status: strings.ReplaceAll(sub.Status, "_", " "), Tone: tone(sub.Status),
		Path: v.home() + "/subscriptions/" + sub.ID, Ended: !sub.Live()}
	for _, item := range sub.Items {
		price := s.State.Prices.Get(item.Price)
		name := s.State.Products.Get(price.Product).Name + quantityOf(item.Quantity)
		view.Items = append(view.Items, lineView{Name: name, Price: s.describe(price, item.Quantity)})
	}
	view.When = s.whenOf(sub)
	if view.Ended {
		return view
	}
	if method := s.Billing.MethodFor(sub); method != nil {
		view.PaidWith = method.Describe()
	}
	if next := s.Portal.ComingPhase(sub); next != nil && len(next.Items) > 0 {
		to := s.lineFor(next.Items[0].Price, next.Items[0].Quantity)
		view.Stay, view.When = features.Update.Enabled, "Changes to "+to.Name+" at "+to.Price+" on "+day(next.Start)
	}
	ending := !sub.CancelAt.IsZero()
	view.Keep = ending && features.Cancel.Enabled
	view.Cancel = s.portalCanCancel(v.configuration, sub)
	view.Update = s.Portal.CanUpdate(features.Update, sub)
	if ending {
		view.Note = "You will not be charged again."
	}
	if invoice := s.State.Invoices.Get(sub.LatestInvoice); invoice != nil && invoice.Status == "open" {
		view.Owed = "/i/" + invoice.ID
		view.Note = account.Money(invoice.Total(), invoice.Currency) + " could not be collected yet."
	}
	return view
}

// whenOf describes what happens next to a subscription, or what happened.
func (s *Pages) whenOf(sub *state.Subscription) string {
	end := day(sub.PeriodEnd())
	switch {
	case !sub.Live():
		return "Ended on " + day(sub.EndedAt)
	case !sub.CancelAt.IsZero():
		return "Ends on " + day(sub.CancelAt)
	case sub.Status == "trialing":
		return "Free trial until " + end
	case sub.Status == "paused":
		return "Paused: there was no payment method when the trial ended"
	case sub.Status == "incomplete":
		return "Waiting for the first payment"
	}
	return "Renews on " + end
}

// keepPlan revokes a scheduled cancellation or a scheduled change.
func (s *Pages) keepPlan(v *visit) (string, error) {
	id, features := v.PostFormValue("subscription"), v.configuration.Features
	sub := s.State.Subscriptions.Get(id)
	if sub == nil || sub.Customer != v.customer.ID {
		return "", api.NoSuch("subscription", id, "id")
	}
	switch v.PostFormValue("action") {
	case "keep":
		if !features.Cancel.Enabled || !sub.Live() || sub.CancelAt.IsZero() {
			return "", api.Invalid("", "This plan has no scheduled cancellation.")
		}
		s.Billing.ClearCancellation(sub)
	case "stay":
		if !features.Update.Enabled || s.Portal.ComingPhase(sub) == nil {
			return "", api.Invalid("", "This plan has no scheduled change.")
		}
		if _, err := s.Perform("POST", "/v1/subscription_schedules/"+sub.Schedule+"/release", nil); err != nil {
			return "", err
		}
	default:
		return "", api.Invalid("action", "Unknown action.")
	}
	return s.finish(v, "kept"), nil
}

// tone returns the colour of a status.
func tone(status string) string {
	switch status {
	case "active", "paid":
		return "good"
	case "trialing", "open", "paused":
		return "warn"
	case "past_due", "unpaid", "incomplete", "uncollectible":
		return "bad"
	}
	return ""
}
