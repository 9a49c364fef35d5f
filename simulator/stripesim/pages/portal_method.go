package pages

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// addInPortal adds a typed card and makes it the default. If the card requires
// a challenge, it returns the challenge's URL, and followSetup finishes the
// rest.
func (s *Pages) addInPortal(v *visit, number string) (next string, err error) {
	method, failure := s.Customers.NewPaymentMethod(number, api.Contact{Email: v.customer.Email})
	if failure != nil {
		return "", failure
	}
	intent := s.Payments.NewSetupIntent(state.SetupIntent{Customer: v.customer.ID, Portal: v.portal.ID,
		ReturnURL: s.Link(v.home() + "/payment-methods/outcome")})
	if failure := s.Intents.SetUp(intent, method); failure != nil {
		return "", failure
	}
	if intent.Status == "requires_action" {
		return s.ChallengeURL(intent.ID), nil
	}
	s.Billing.MakeDefault(v.customer, method)
	return s.finish(v, "added"), nil
}

// addMethodView is the data of the page that adds a card.
type addMethodView struct {
	portalFrame
	Card cardForm
}

// cardFields are the inputs for a card. Autocomplete is off, because the
// browser would offer a real card.
const cardFields = `{{define "card"}}
<label for="card">Card number</label>
<input id="card" name="card" inputmode="numeric" autocomplete="off" placeholder="4242 4242 4242 4242" value="{{.Number}}" list="cards" aria-describedby="hint">
<datalist id="cards"><option value="4242 4242 4242 4242">accepted</option><option value="4000 0027 6000 3184">requires 3-D Secure</option><option value="4000 0000 0000 0002">declined</option><option value="4000 0000 0000 9995">insufficient funds</option><option value="4000 0000 0000 0341">attaches, later charges fail</option></datalist>
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
	offered: func(_ *Pages, v *visit) bool { return v.configuration.Features.PaymentMethodUpdate },
	view: func(s *Pages, v *visit) any {
		view := addMethodView{portalFrame: s.portalFrame(v, "Add a payment method"), Card: readCardForm(v.Request)}
		if v.URL.Query().Has("failed") && view.Error == "" {
			view.Error = "The bank could not authenticate the card. Try another one."
		}
		return view
	},
	act: func(s *Pages, v *visit) (string, error) {
		typed := readCardForm(v.Request)
		if problem := s.checkCard(typed); problem != nil {
			return "", problem
		}
		return s.addInPortal(v, typed.Number)
	},
}

// methodPageView is the data of a payment method's page.
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
{{else if .InUse}}<p>A plan uses this payment method, so it cannot be removed.</p>{{end}}
<form method="post" class="actions stack">
{{if not .Default}}<button name="action" value="default">Make default</button>{{end}}
{{if not .InUse}}<button class="danger" name="action" value="remove">Remove</button>{{end}}
</form></section>`),
	offered: func(_ *Pages, v *visit) bool { return v.configuration.Features.PaymentMethodUpdate },
	view: func(s *Pages, v *visit) any {
		return methodPageView{portalFrame: s.portalFrame(v, v.method.Describe()), Text: v.method.Describe(),
			Expires: v.method.Expires(), Default: v.method.ID == v.customer.DefaultPaymentMethod,
			InUse: s.methodInUse(v.customer, v.method)}
	},
	act: func(s *Pages, v *visit) (string, error) {
		switch v.PostFormValue("action") {
		case "default":
			s.Billing.MakeDefault(v.customer, v.method)
			return s.finish(v, "default"), nil
		case "remove":
			if s.methodInUse(v.customer, v.method) {
				return "", api.Invalid("", "This payment method is in use and cannot be removed.")
			}
			s.Customers.Detach(v.method)
			return s.finish(v, "removed"), nil
		}
		return "", api.Invalid("action", "Unknown action.")
	},
}

// methodInUse reports whether a method is the customer's default or that of a
// live subscription. The portal does not remove such a method.
func (s *Pages) methodInUse(customer *state.Customer, method *state.PaymentMethod) bool {
	return customer.DefaultPaymentMethod == method.ID ||
		slices.ContainsFunc(s.State.Subscriptions.Of(customer.ID), func(sub *state.Subscription) bool {
			return sub.Live() && sub.DefaultPaymentMethod == method.ID
		})
}

// methodsOf returns a customer's attached payment methods: the default first,
// then newest first.
func (s *Pages) methodsOf(customer *state.Customer) []*state.PaymentMethod {
	methods := s.State.PaymentMethods.Where(func(m *state.PaymentMethod) bool { return m.Customer == customer.ID })
	slices.Reverse(methods)
	slices.SortStableFunc(methods, func(a, b *state.PaymentMethod) int {
		return boolOrder(a.ID != customer.DefaultPaymentMethod) - boolOrder(b.ID != customer.DefaultPaymentMethod)
	})
	return methods
}
