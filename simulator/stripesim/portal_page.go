package stripesim

import (
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// portalView is the data of the portal page.
type portalView struct {
	page.Frame
	Email         string
	Subscriptions []subscriptionView
	Invoices      []invoiceView
	Card          string // last four digits, "" when there is none
	ReturnURL     string
	Error         string
}

type subscriptionView struct {
	ID, Name, Price, Status, Tone, Until string
	Live, Ending                         bool
}

type invoiceView struct{ Number, Date, Total, Status string }

var portalTemplate = page.Parse(`
<h1>Billing of {{.Email}}</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
{{range .Subscriptions}}
<section class="card">
<h2>{{.Name}} <span class="status {{.Tone}}">{{.Status}}</span></h2>
<p>{{.Price}}</p>
<p class="soft">{{.Until}}</p>
{{if .Live}}<div class="actions">
{{if .Ending}}
<form method="post"><input type="hidden" name="subscription" value="{{.ID}}"><button name="action" value="keep">Keep my plan</button></form>
{{else}}
<form method="post"><input type="hidden" name="subscription" value="{{.ID}}"><button class="quiet" name="action" value="cancel_at_period_end">Cancel at period end</button></form>
{{end}}
<form method="post"><input type="hidden" name="subscription" value="{{.ID}}"><button class="danger" name="action" value="cancel_now">Cancel now</button></form>
</div>{{end}}
</section>
{{else}}<section class="card"><p>There is no subscription.</p></section>{{end}}
<section class="card">
<h2>Payment method</h2>
<p>{{if .Card}}Card ending in {{.Card}}{{else}}None{{end}}</p>
<form method="post">
<label for="card">New card number</label>
<input id="card" name="card" inputmode="numeric" autocomplete="off" placeholder="4242 4242 4242 4242" aria-describedby="hint">
<p class="soft" id="hint">Only test numbers. Renewals fail with 4000 0000 0000 0341.</p>
<button class="quiet" name="action" value="card">Change card</button>
</form>
</section>
{{with .Invoices}}<section class="card"><h2>Invoices</h2><ul class="rows">
{{range .}}<li><span>{{.Number}}<br><span class="soft">{{.Date}}</span></span><span>{{.Total}} <span class="status">{{.Status}}</span></span></li>{{end}}
</ul></section>{{end}}
{{with .ReturnURL}}<p><a class="button quiet" href="{{.}}">Return</a></p>{{end}}`)

func (s *Stripe) portalPage(w http.ResponseWriter, r *http.Request) {
	s.renderPortal(w, r, http.StatusOK, "")
}

func (s *Stripe) renderPortal(w http.ResponseWriter, r *http.Request, status int, problem string) {
	var view *portalView
	s.world.View(func() {
		if portal := s.state.Portals.Get(r.PathValue("portal")); portal != nil {
			if customer, err := s.liveCustomer(portal.Customer, ""); err == nil {
				view = s.viewPortal(portal, customer)
			}
		}
	})
	if view == nil {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"), Heading: "This portal link does not work", Text: "The session does not exist, or its customer was deleted."})
		return
	}
	view.Error = problem
	page.Write(w, status, portalTemplate, view)
}

func (s *Stripe) viewPortal(portal *PortalSession, customer *Customer) *portalView {
	view := &portalView{Frame: frame("Billing"), Email: customer.Email, ReturnURL: portal.ReturnURL}
	if view.Email == "" {
		view.Email = customer.ID
	}
	method := s.state.PaymentMethods.Get(customer.DefaultPaymentMethod)
	for _, sub := range slices.Backward(s.state.Subscriptions.Of(customer.ID)) {
		view.Subscriptions = append(view.Subscriptions, s.viewSubscription(sub))
		if method == nil {
			method = s.state.PaymentMethods.Get(sub.DefaultPaymentMethod)
		}
	}
	if method != nil {
		view.Card = method.last4()
	}
	for invoice := range s.state.Invoices.Newest() {
		if invoice.Customer == customer.ID && invoice.Status != "draft" && len(view.Invoices) < 12 {
			view.Invoices = append(view.Invoices, invoiceView{Number: invoice.Number, Date: invoice.Created.Format("2 January 2006"),
				Total: money(invoice.Total(), invoice.Currency), Status: invoice.Status})
		}
	}
	return view
}

func (s *Stripe) viewSubscription(sub *Subscription) subscriptionView {
	price := s.state.Prices.Get(sub.Items[0].Price)
	view := subscriptionView{ID: sub.ID, Name: s.state.Products.Get(price.Product).Name, Price: s.describe(price, sub.Items[0].Quantity), Status: sub.Status,
		Live: sub.live(), Ending: sub.live() && !sub.CancelAt.IsZero(), Until: "Renews on " + sub.PeriodEnd().Format("2 January 2006")}
	switch {
	case !view.Live:
		view.Until = "Ended on " + sub.EndedAt.Format("2 January 2006")
	case view.Ending:
		view.Until = "Ends on " + sub.CancelAt.Format("2 January 2006")
	}
	switch sub.Status {
	case "active", "trialing":
		view.Tone = "good"
	case "past_due", "unpaid", "incomplete":
		view.Tone = "bad"
	}
	return view
}

func (s *Stripe) portalPost(w http.ResponseWriter, r *http.Request) {
	var customer string
	var owned bool
	subscription := r.PostFormValue("subscription")
	s.world.View(func() {
		if portal := s.state.Portals.Get(r.PathValue("portal")); portal != nil {
			customer = portal.Customer
		}
		sub := s.state.Subscriptions.Get(subscription)
		owned = sub != nil && sub.Customer == customer
	})
	var err error
	switch action := r.PostFormValue("action"); {
	case customer == "":
	case action == "card":
		err = s.SetCard(customer, r.PostFormValue("card"))
	case !owned:
		err = noSuch("subscription", subscription, "subscription")
	case action == "keep":
		err = s.ResumeSubscription(subscription)
	case action == "cancel_at_period_end":
		err = s.PortalCancel(subscription)
	case action == "cancel_now":
		err = s.CancelSubscription(subscription, false)
	}
	if err != nil {
		s.renderPortal(w, r, http.StatusBadRequest, plain(err))
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}
