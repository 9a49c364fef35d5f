package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// changeLater creates a schedule that makes the change at the period's end and
// releases the subscription one period later.
func (s *Pages) changeLater(sub *state.Subscription, to state.PortalFlowItem) error {
	item := sub.Items[0]
	made, err := s.Perform(http.MethodPost, "/v1/subscription_schedules", url.Values{"from_subscription": {sub.ID}})
	if err != nil {
		return err
	}
	phases := url.Values{"end_behavior": {"release"}, "proration_behavior": {"none"},
		"phases[0][items][0][price]": {item.Price}, "phases[0][items][0][quantity]": {strconv.FormatInt(item.Quantity, 10)},
		"phases[0][end_date]": {strconv.FormatInt(sub.PeriodEnd().Unix(), 10)}, "phases[1][items][0][price]": {to.Price},
		"phases[1][items][0][quantity]": {strconv.FormatInt(to.Quantity, 10)}, "phases[1][iterations]": {"1"}}
	_, err = s.Perform(http.MethodPost, "/v1/subscription_schedules/"+made["id"].(string), phases)
	return err
}

// updateView is the data of the page that offers other plans.
type updateView struct {
	portalFrame
	Path     string
	Choices  []choiceView
	Quantity *quantityView // nil if it cannot be changed
}

type choiceView struct {
	Price, Name, Text string
	Current, Chosen   bool
}

type quantityView struct{ Value, Minimum, Maximum string }

// updateStep shows a form that leads to the confirmation. It changes nothing.
var updateStep = portalStep{
	title: "Change your plan",
	flows: []string{"subscription_update"},
	template: parsePortal(`<section class="card">
<h1>Change your plan</h1>
<form method="get" action="{{.Path}}/update/confirm">
<fieldset class="choice"><legend class="hidden">Plan</legend>
{{range .Choices}}<label><input type="radio" name="price" value="{{.Price}}"{{if .Chosen}} checked{{end}}> <span class="grow"><strong>{{.Name}}</strong><br>{{.Text}}</span>{{if .Current}}<span class="status">current</span>{{end}}</label>{{end}}
</fieldset>
{{with .Quantity}}<label for="quantity">Quantity</label>
<input id="quantity" name="quantity" type="number" inputmode="numeric" value="{{.Value}}" min="{{.Minimum}}"{{with .Maximum}} max="{{.}}"{{end}}>{{end}}
<button class="full">Continue</button>
</form></section>`),
	offered: func(s *Pages, v *visit) bool { return s.Portal.CanUpdate(v.configuration.Features.Update, v.sub) },
	view:    (*Pages).viewUpdate,
}

func (s *Pages) viewUpdate(v *visit) any {
	update, item := v.configuration.Features.Update, v.sub.Items[0]
	view := updateView{portalFrame: s.portalFrame(v, "Change your plan"), Path: v.home() + "/subscriptions/" + v.sub.ID}
	for _, choice := range s.Portal.Choices(update, v.sub) {
		current := choice.Price.ID == item.Price
		if !current && !update.Allows("price") {
			continue
		}
		view.Choices = append(view.Choices, choiceView{Price: choice.Price.ID,
			Name: s.State.Products.Get(choice.Price.Product).Name, Text: s.describe(choice.Price, 1), Current: current,
			Chosen: current})
		if !choice.Product.Quantity || !update.Allows("quantity") {
			continue
		}
		if view.Quantity == nil {
			view.Quantity = &quantityView{Value: strconv.FormatInt(item.Quantity, 10),
				Minimum: strconv.FormatInt(choice.Product.Minimum, 10)}
		}
		if choice.Product.Maximum > 0 {
			view.Quantity.Maximum = strconv.FormatInt(choice.Product.Maximum, 10)
		}
	}
	return view
}

// confirmView is the data of the page that shows what a change costs.
type confirmView struct {
	portalFrame
	Back      string
	From, To  lineView
	Refused   bool
	Lines     []lineView // of the invoice that bills the change
	Due       string     // today; "" for nothing
	Next      string     // amount and date of the next invoice
	Later     string     // the date of a change at the period's end
	Price     string
	Quantity  int64
	TrialEnds bool
}

var confirmStep = portalStep{
	title: "Confirm your new plan",
	flows: []string{"subscription_update", "subscription_update_confirm"},
	template: parsePortal(`<section class="card">
<h1>Confirm your new plan</h1>
{{if not .Refused}}
<ul class="rows"><li><span class="soft">{{.From.Name}}</span><span class="soft">{{.From.Price}}</span></li><li><strong>{{.To.Name}}</strong><strong>{{.To.Price}}</strong></li></ul>
{{if .TrialEnds}}<p>Your free trial ends now.</p>{{end}}
{{with .Later}}<p id="later">{{.}}</p>{{end}}
{{with .Lines}}<h2>{{if $.Due}}Today{{else}}Next invoice{{end}}</h2><ul class="rows" id="lines">{{range .}}<li><span>{{.Name}}</span><span>{{.Price}}</span></li>{{end}}</ul>{{end}}
<dl class="sums">
<div class="sum"><dt>Due today</dt><dd id="due">{{if .Due}}{{.Due}}{{else}}nothing{{end}}</dd></div>
{{with .Next}}<div><dt class="soft">Next invoice</dt><dd id="next" class="soft">{{.}}</dd></div>{{end}}
</dl>
<form method="post" class="actions stack">
<input type="hidden" name="price" value="{{.Price}}"><input type="hidden" name="quantity" value="{{.Quantity}}">
<button name="action" value="confirm">Confirm</button>
{{with .Back}}<a class="button quiet" href="{{.}}">Choose again</a>{{end}}
</form>
{{else}}{{with .Back}}<p><a class="button quiet" href="{{.}}">Choose again</a></p>{{end}}{{end}}
</section>`),
	offered: func(s *Pages, v *visit) bool { return s.Portal.CanUpdate(v.configuration.Features.Update, v.sub) },
	view:    (*Pages).viewConfirm,
	act:     (*Pages).confirmInPortal,
}

// wanted returns what the customer chose, or what the flow prescribes.
func (v *visit) wanted() state.PortalFlowItem {
	if v.inFlow() && v.portal.Flow.Type == "subscription_update_confirm" {
		return v.portal.Flow.Items[0]
	}
	item := v.sub.Items[0]
	quantity, err := strconv.ParseInt(cmp.Or(v.FormValue("quantity"), strconv.FormatInt(item.Quantity, 10)), 10, 64)
	if err != nil {
		quantity = 0 // rejected later as too small
	}
	return state.PortalFlowItem{ID: item.ID, Price: cmp.Or(v.FormValue("price"), item.Price), Quantity: quantity}
}

// changeForm returns the change as API parameters.
func (s *Pages) changeForm(v *visit, to state.PortalFlowItem, prefix func(string) string) url.Values {
	update := v.configuration.Features.Update
	form := url.Values{prefix("items") + "[0][id]": {to.ID}, prefix("items") + "[0][price]": {to.Price},
		prefix("items") + "[0][quantity]": {strconv.FormatInt(to.Quantity, 10)},
		prefix("proration_behavior"):      {update.Proration}}
	if v.sub.Status == "trialing" && update.TrialBehavior == "end_trial" {
		form.Set(prefix("trial_end"), "now")
	} else if update.Anchor == "now" && v.sub.Status != "trialing" {
		form.Set(prefix("billing_cycle_anchor"), "now")
	}
	return form
}

func (s *Pages) viewConfirm(v *visit) any {
	to := v.wanted()
	view := confirmView{portalFrame: s.portalFrame(v, "Confirm your new plan"), Price: to.Price, Quantity: to.Quantity}
	if !v.inFlow() || v.portal.Flow.Type == "subscription_update" {
		view.Back = v.home() + "/subscriptions/" + v.sub.ID + "/update"
	}
	if v.URL.Query().Get("redirect_status") == "failed" {
		view.Error = cmp.Or(view.Error, "The payment failed, so your plan was not changed. Try again, or change the payment method first.")
	}
	if failure := s.Portal.RefuseChange(v.configuration.Features.Update, v.sub, to); failure != nil {
		view.Error, view.Refused = failure.Message, true
		return view
	}
	item := v.sub.Items[0]
	view.From, view.To = s.lineFor(item.Price, item.Quantity), s.lineFor(to.Price, to.Quantity)
	if s.Portal.Postpones(v.configuration.Features.Update, v.sub, to) {
		view.Later = "Your plan changes on " + day(v.sub.PeriodEnd()) + ". Until then it stays the same."
		view.Next = account.Money(s.State.Prices.Get(to.Price).Amount*to.Quantity,
			v.sub.Currency) + " on " + day(v.sub.PeriodEnd())
		return view
	}
	form := s.changeForm(v, to, func(name string) string { return "subscription_details[" + name + "]" })
	view.TrialEnds = form.Has("subscription_details[trial_end]")
	form.Set("subscription", v.sub.ID)
	preview, err := s.Perform("POST", "/v1/invoices/create_preview", form)
	if err != nil {
		view.Error, view.Refused = plain(err), true
		return view
	}
	s.fillPreview(&view, preview, v.sub.Currency)
	return view
}

// fillPreview describes the invoice that bills the change: one due today, or
// the next renewal.
func (s *Pages) fillPreview(view *confirmView, preview api.Object, currency string) {
	for _, shown := range preview["lines"].(api.Object)["data"].([]any) {
		line := shown.(api.Object)
		name, _ := line["description"].(string)
		amount, _ := line["amount"].(int64)
		view.Lines = append(view.Lines, lineView{Name: name, Price: account.Money(amount, currency)})
	}
	due, _ := preview["amount_due"].(int64)
	created, _ := preview["created"].(int64)
	if at := time.Unix(created, 0).UTC(); at.After(s.Now()) {
		view.Next = account.Money(due, currency) + " on " + day(at)
		return
	}
	view.Due = account.Money(due, currency)
}

func (s *Pages) lineFor(id string, quantity int64) lineView {
	price := s.State.Prices.Get(id)
	return lineView{Name: s.State.Products.Get(price.Product).Name + quantityOf(quantity),
		Price: s.describe(price, quantity)}
}

// confirmInPortal makes the change. If it must be paid at once, it takes effect
// when paid: a declined card changes nothing, and 3-D Secure leads to the bank
// first.
func (s *Pages) confirmInPortal(v *visit) (string, error) {
	to := v.wanted()
	if failure := s.Portal.RefuseChange(v.configuration.Features.Update, v.sub, to); failure != nil {
		return "", failure
	}
	if s.Portal.Postpones(v.configuration.Features.Update, v.sub, to) {
		if err := s.changeLater(v.sub, to); err != nil {
			return "", err
		}
		return s.finish(v, "scheduled"), nil
	}
	form := s.changeForm(v, to, func(name string) string { return name })
	form.Set("payment_behavior", "error_if_incomplete")
	if method := s.Billing.MethodFor(v.sub); method != nil && method.Asks(!billing.OffSession) && !form.Has("trial_end") {
		form.Set("payment_behavior", "pending_if_incomplete")
	}
	if _, err := s.Perform("POST", "/v1/subscriptions/"+v.sub.ID, form); err != nil {
		return "", err
	}
	if v.sub.PendingUpdate == nil {
		return s.finish(v, "updated"), nil
	}
	if intent := s.State.PaymentIntents.Get(s.State.Invoices.Get(
		v.sub.PendingUpdate.Invoice).PaymentIntent); intent != nil && intent.Status == "requires_action" {
		query := url.Values{"price": {to.Price}, "quantity": {strconv.FormatInt(to.Quantity, 10)}}
		intent.ReturnURL = s.Link(v.home()+"/subscriptions/"+v.sub.ID+"/update/outcome") + "?" + query.Encode()
		return s.ChallengeURL(intent.ID), nil
	}
	return "", api.Invalid("", "The payment failed, so your plan was not changed.")
}
