package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// with adds fields to a card form.
func with(form url.Values, pairs ...string) url.Values {
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		form.Set(name, value)
	}
	return form
}

// shows posts a form that is answered with a page, and parses the page.
func (b *bench) shows(path string, form url.Values, want int) *simharness.Node {
	b.T.Helper()
	status, location, text := b.Submit(path, form)
	if status != want {
		b.T.Fatalf("%s answers %d to %v, leading to %q, want %d: %s", path, status, form, location, want, text)
	}
	return simharness.Parsed(b.T, text)
}

func TestABuyerChoosesTheQuantityOnThePage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), func(p *stripe.CheckoutSessionCreateParams) {
			p.LineItems[0].AdjustableQuantity = &stripe.CheckoutSessionCreateLineItemAdjustableQuantityParams{
				Enabled: stripe.Bool(true), Minimum: stripe.Int64(1), Maximum: stripe.Int64(3)}
		})
		page := b.Visited(session.URL)
		steps := page.All("button.step")
		if len(steps) != 2 || !has(steps[0], "disabled") || has(steps[1], "disabled") || page.Says("output") != "1" {
			t.Fatalf("the steps are %q", page.Says("#lines"))
		}
		if page.All("button")[0].Attrs["value"] != "pay" {
			t.Error("the return key would press a step and not pay")
		}
		more := with(card("4242"), "quantity="+steps[1].Attrs["value"], "email=typed@example.com")
		page = b.shows(session.URL, more, http.StatusOK)
		if page.Says("output") != "2" || page.Says(".total") != "58.00 USD" ||
			page.Value("#email", "value") != "typed@example.com" || page.Value("#card", "value") != "4242" {
			t.Errorf("after a step it says %q", page.Says("main"))
		}
		line, _, _ := strings.Cut(steps[1].Attrs["value"], " ")
		for _, wrong := range []string{line + " 4", line + " 0", "li_x 2", line + " x"} {
			if page := b.shows(session.URL, url.Values{"quantity": {wrong}},
				http.StatusBadRequest); page.Says("[role=alert]") == "" || page.Says("output") != "2" {
				t.Errorf("%q: %q", wrong, page.Says("main"))
			}
		}
		b.acts(session.URL, goodCard)
		if got := b.Subscriptions()[0].Items[0].Quantity; got != 2 {
			t.Errorf("%d were bought", got)
		}
	})
}

func has(n *simharness.Node, attribute string) bool {
	_, there := n.Attrs[attribute]
	return there
}

// promotion creates a promotion code for 50% off.
func (b *bench) promotion(code string) {
	b.T.Helper()
	_, coupon := b.Send("POST", simharness.StripeHost+"/v1/coupons", nil, "percent_off=50&duration=forever")
	response, answer := b.Send("POST", simharness.StripeHost+"/v1/promotion_codes", nil,
		"promotion[type]=coupon&promotion[coupon]="+coupon["id"].(string)+"&code="+code)
	if response.StatusCode != http.StatusOK {
		b.T.Fatalf("promotion code: %v", answer)
	}
}

func TestABuyerAppliesAPromotionCodeOnThePage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.promotion("HALF")
		plain := b.Visited(b.Session("subscription", b.Monthly(), nil).URL)
		if plain.Value("#code", "name") != "" {
			t.Error("a session without promotion codes asks for one")
		}
		session := b.Session("subscription", b.Monthly(),
			func(p *stripe.CheckoutSessionCreateParams) { p.AllowPromotionCodes = stripe.Bool(true) })
		page := b.shows(session.URL, with(card("4242"), "action=promotion", "code=WRONG"), http.StatusBadRequest)
		if page.Says("#code-error") != "This code is invalid." || page.Value("#code", "value") != "WRONG" ||
			page.Value("#code", "aria-describedby") != "code-error" || page.Says(".total") != "29.00 USD" {
			t.Errorf("a wrong code: %q", page.Says("main"))
		}
		page = b.shows(session.URL, with(card("4242424242424242"), "code=half"), http.StatusOK)
		if page.Says(".total") != "14.50 USD" || !strings.HasPrefix(page.Says("#promotion"), "Code HALF") ||
			page.Says(".sums") != "Subtotal29.00 USDDiscount-14.50 USDTotal14.50 USD" || len(b.Subscriptions()) != 0 {
			t.Errorf("a code that was typed and not applied: %q", page.Says("main"))
		}
		page = b.shows(session.URL, with(card("4242"), "action=remove_promotion"), http.StatusOK)
		if page.Says(".total") != "29.00 USD" || page.Value("#code", "name") != "code" {
			t.Errorf("after removing the code it says %q", page.Says("main"))
		}
		b.shows(session.URL, url.Values{"action": {"promotion"}, "code": {"HALF"}}, http.StatusOK)
		b.acts(session.URL, goodCard)
		if got := b.Charges()[0].Amount; got != 1450 {
			t.Errorf("%d were charged", got)
		}
		if status, _, _ := b.Submit(session.URL, url.Values{"action": {"promotion"},
			"code": {"HALF"}}); status != http.StatusOK {
			t.Errorf("a code for a complete session answers %d", status)
		}
	})
}

func TestACheckoutAsksOnlyForWhatItNeeds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		trial := b.Session("subscription", b.Monthly(), func(p *stripe.CheckoutSessionCreateParams) {
			p.PaymentMethodCollection = stripe.String("if_required")
			p.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{TrialPeriodDays: stripe.Int64(7)}
			p.ConsentCollection = &stripe.CheckoutSessionCreateConsentCollectionParams{TermsOfService: stripe.String("required")}
		})
		page := b.Visited(trial.URL)
		if page.Value("#card", "name") != "" || page.Says(".total") != "0.00 USD" ||
			page.Says("#later") != "Free until 8 January 2000, then 29.00 USD" || page.Says("button.full") != "Start trial" {
			t.Errorf("a trial without card says %q", page.Says("main"))
		}
		if page := b.shows(trial.URL, url.Values{"email": {"a@example.com"}}, http.StatusBadRequest); page.Says(
			"#problem") != "You must agree to the terms." || page.Value("#email", "value") != "a@example.com" {
			t.Errorf("without the terms it says %q", page.Says("main"))
		}
		b.acts(trial.URL, url.Values{"email": {"a@example.com"}, "terms": {"accepted"}})
		if sub := b.Subscriptions()[0]; sub.Status != "trialing" || sub.DefaultPaymentMethod != "" {
			t.Errorf("the subscription is %s with %q", sub.Status, sub.DefaultPaymentMethod)
		}
		only := b.Session("subscription", b.Monthly(), func(p *stripe.CheckoutSessionCreateParams) {
			p.PaymentMethodTypes = stripe.StringSlice([]string{"card"})
		})
		if page := b.Visited(only.URL); len(page.All("input[name=method]")) != 0 || page.Value("#card", "name") != "card" {
			t.Errorf("a session for cards only says %q", page.Says("main"))
		}
	})
}

func TestACardIsSavedInSetupModeOnThePage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("a@example.com")
		_, session := b.Send("POST", simharness.StripeHost+"/v1/checkout/sessions", nil,
			"mode=setup&currency=usd&customer="+customer.ID+"&success_url=http://app.test/saved&cancel_url=http://app.test/back")
		address, _ := session["url"].(string)
		if page := b.Visited(address); page.Says("button.full") != "Save" || page.Says(".total") != "" ||
			page.Value("#back", "href") != "http://app.test/back" {
			t.Errorf("the page says %q", page.Says("main"))
		}
		if page := b.shows(address, card("4000000000000002"),
			http.StatusPaymentRequired); page.Says("#problem") != "Your card was declined." {
			t.Errorf("a declined card: %q", page.Says("main"))
		}
		challenge := b.acts(address, card("4000002760003184"))
		back := b.acts(challenge, url.Values{"outcome": {"fail"}})
		if page := b.Visited(back); !strings.Contains(page.Says("#problem"), "unable to authenticate") {
			t.Errorf("after a failed challenge it says %q", page.Says("main"))
		}
		if to := b.acts(b.acts(address, card("4000002760003184")),
			url.Values{"outcome": {"pass"}}); to != "http://app.test/saved" {
			t.Errorf("it leads to %s", to)
		}
		if page := b.Visited(b.portal(customer.ID, "return_url=http://app.test/")); !strings.HasPrefix(
			page.Says("#methods li"), "Visa •••• 3184") {
			t.Errorf("the methods are %q", page.Says("#methods"))
		}
	})
}

func TestABuyerComesBackFromAChallenge(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("payment", b.AddPlan(simulator.Plan{LookupKey: "book", ProductName: "Book", Amount: 1500}), nil)
		back := b.acts(b.acts(session.URL, card("4000002760003184")), url.Values{"outcome": {"fail"}})
		if page := b.Visited(back); back != session.URL ||
			!strings.Contains(page.Says("#problem"), "unable to authenticate") || page.Says("button.full") != "Pay 15.00 USD" {
			t.Errorf("%s says %q", back, page.Says("main"))
		}
		challenge := b.acts(session.URL, card("4000002760003184"))
		if to := b.acts(challenge, url.Values{"outcome": {"pass"}}); to != "http://app.test/ok?session="+session.ID {
			t.Errorf("it leads to %s", to)
		}
		if status, _, _ := b.Get(challenge); status != http.StatusNotFound {
			t.Errorf("a decided challenge answers %d", status)
		}
	})
}

func TestAFormThatIsSentTwicePaysOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		var sent sync.WaitGroup
		for range 4 {
			sent.Go(func() {
				if status, location, _ := b.Submit(session.URL, card("4242424242424242")); status != http.StatusSeeOther ||
					location != "http://app.test/ok?session="+session.ID {
					t.Errorf("a repeated form answers %d to %s", status, location)
				}
			})
		}
		sent.Wait()
		if len(b.Charges()) != 1 || len(b.Subscriptions()) != 1 || len(b.Customers()) != 1 {
			t.Errorf("there are %d charges, %d subscriptions, %d customers", len(b.Charges()), len(b.Subscriptions()),
				len(b.Customers()))
		}
	})
}
