package stripesim

import (
	"fmt"
	"slices"
	"strings"
)

// addMethodView is the data of the page that takes a new card.
type addMethodView struct {
	portalFrame
	Card cardForm
}

// cardFields are the inputs for a card. The browser is not asked to fill in a
// card: it would offer a real one.
const cardFields = `{{define "card"}}
<label for="card">Card number</label>
<input id="card" name="card" inputmode="numeric" autocomplete="off" placeholder="4242 4242 4242 4242" value="{{.Number}}" list="cards" aria-describedby="hint">
<datalist id="cards"><option value="4242 4242 4242 4242">accepted</option><option value="4000 0027 6000 3184">asks for 3-D Secure</option><option value="4000 0000 0000 0002">declined</option><option value="4000 0000 0000 9995">insufficient funds</option><option value="4000 0000 0000 0341">attaches, later charges fail</option></datalist>
<p class="soft" id="hint">Only test numbers: 4242 4242 4242 4242 is accepted, 4000 0000 0000 0002 is declined.</p>
<div class="pair">
<div><label for="expiry">Expiry</label><input id="expiry" name="expiry" inputmode="numeric" autocomplete="off" placeholder="12 / 34" value="{{.Expiry}}"></div>
<div><label for="cvc">CVC</label><input id="cvc" name="cvc" inputmode="numeric" autocomplete="off" placeholder="123" value="{{.CVC}}"></div>
</div>{{end}}`

var addMethodStep = portalStep{
	title: "Add a payment method",
	flows: []string{"payment_method_update"},
	template: parsePortal(`<section class="card">
<h1>Add a payment method</h1>
<form method="post">{{template "card" .Card}}
<button class="full" name="action" value="card">Add card</button>
</form></section>`, cardFields),
	offered: func(_ *Stripe, v *visit) bool { return v.configuration.Features.PaymentMethodUpdate },
	view: func(s *Stripe, v *visit) any {
		view := addMethodView{portalFrame: s.portalFrame(v, "Add a payment method"), Card: readCardForm(v.Request)}
		if v.URL.Query().Has("failed") && view.Error == "" {
			view.Error = "The bank could not authenticate the card. Try another one."
		}
		return view
	},
	act: func(s *Stripe, v *visit) (string, error) {
		typed := readCardForm(v.Request)
		if problem := s.checkCard(typed); problem != nil {
			return "", problem
		}
		return s.addInPortal(v, typed.Number)
	},
}

// methodPageView is the data of the page of one payment method.
type methodPageView struct {
	portalFrame
	Text, Expires string
	Default       bool
	InUse         bool
}

var methodStep = portalStep{
	title: "Payment method",
	template: parsePortal(`<section class="card">
<h1>{{.Text}}</h1>
{{with .Expires}}<p class="soft">{{.}}</p>{{end}}
{{if .Default}}<p>This is the default payment method. To remove it, make another one the default first.</p>
{{else if .InUse}}<p>A plan is paid with it. It cannot be removed.</p>{{end}}
<form method="post" class="actions stack">
{{if not .Default}}<button name="action" value="default">Make it the default</button>{{end}}
{{if not .InUse}}<button class="danger" name="action" value="remove">Remove</button>{{end}}
</form></section>`),
	offered: func(_ *Stripe, v *visit) bool { return v.configuration.Features.PaymentMethodUpdate },
	view: func(s *Stripe, v *visit) any {
		return methodPageView{portalFrame: s.portalFrame(v, v.method.describe()), Text: v.method.describe(),
			Expires: v.method.expires(),
			Default: v.method.ID == v.customer.DefaultPaymentMethod, InUse: s.methodInUse(v.customer, v.method)}
	},
	act: func(s *Stripe, v *visit) (string, error) {
		switch v.PostFormValue("action") {
		case "default":
			s.makeDefault(v.customer, v.method)
			return s.finish(v, "default"), nil
		case "remove":
			if s.methodInUse(v.customer, v.method) {
				return "", invalid("", "This payment method is in use and cannot be removed.")
			}
			s.detach(v.method)
			return s.finish(v, "removed"), nil
		}
		return "", invalid("action", "There is no such action.")
	},
}

// methodInUse says whether a method is the customer's default or a live
// subscription's own. Such a one the portal does not remove.
func (s *Stripe) methodInUse(customer *Customer, method *PaymentMethod) bool {
	return customer.DefaultPaymentMethod == method.ID ||
		slices.ContainsFunc(s.state.Subscriptions.Of(customer.ID), func(sub *Subscription) bool {
			return sub.live() && sub.DefaultPaymentMethod == method.ID
		})
}

// methodsOf are a customer's attached payment methods, the default first, then
// the newest.
func (s *Stripe) methodsOf(customer *Customer) []*PaymentMethod {
	methods := s.state.PaymentMethods.Where(func(m *PaymentMethod) bool { return m.Customer == customer.ID })
	slices.Reverse(methods)
	slices.SortStableFunc(methods, func(a, b *PaymentMethod) int {
		return boolOrder(a.ID != customer.DefaultPaymentMethod) - boolOrder(b.ID != customer.DefaultPaymentMethod)
	})
	return methods
}

// describe names a payment method as a person knows it.
func (m *PaymentMethod) describe() string {
	if m.kind() == "sepa_debit" {
		return "SEPA debit •••• " + m.last4()
	}
	brand := m.behaviour().brand
	return strings.ToUpper(brand[:1]) + brand[1:] + " •••• " + m.last4()
}

func (m *PaymentMethod) expires() string {
	if m.kind() == "sepa_debit" {
		return ""
	}
	return fmt.Sprintf("expires %02d/%d", m.ExpMonth, m.ExpYear)
}
