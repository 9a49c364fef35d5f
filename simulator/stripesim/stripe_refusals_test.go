package stripesim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// code returns the code of a refused POST, or "" if it was accepted.
func (b *bench) code(path string, form url.Values) (code, message string) {
	b.T.Helper()
	response, answer := b.Send("POST", simharness.StripeHost+path, nil, form.Encode())
	if response.StatusCode == http.StatusOK {
		return "", ""
	}
	failure := answer["error"].(map[string]any)
	code, _ = failure["code"].(string)
	return code, fmt.Sprint(response.StatusCode, " ", failure["param"], " ", failure["message"])
}

func TestAddressesThatStripeRefusesAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer, price := b.Customer("ada@example.com").ID, b.Monthly()
		session := url.Values{"mode": {"subscription"}, "success_url": {"http://app.test"}, "line_items[0][price]": {price},
			"line_items[0][quantity]": {"1"}}
		for _, address := range []string{"ada@gmile", "ada", "ada@example.com.", "@example.com", "ada@ex ample.com",
			" ada@example.com", "ada@@example.com", "ada@.com", "äda@example.com"} {
			for path, field := range map[string]string{"/v1/customers": "email", "/v1/customers/" + customer: "email",
				"/v1/checkout/sessions": "customer_email",
				"/v1/payment_methods":   "billing_details[email]", "/v1/payment_intents": "receipt_email"} {
				form := url.Values{field: {address}}
				switch path {
				case "/v1/checkout/sessions":
					form = with(session, field+"="+address)
				case "/v1/payment_methods":
					form.Set("type", "card")
					form.Set("card[token]", "tok_visa")
				case "/v1/payment_intents":
					form.Set("amount", "100")
					form.Set("currency", "usd")
				}
				if code, message := b.code(path, form); code != "email_invalid" ||
					!strings.Contains(message, "400 "+field+" Invalid email address: "+address) {
					t.Errorf("%s takes %q: %s %s", path, address, code, message)
				}
			}
		}
		for _, address := range []string{"a+b@x.io", "ada@mail.example.co.uk", "o'hara@example.com", ""} {
			if _, message := b.code("/v1/customers/"+customer, url.Values{"email": {address}}); message != "" {
				t.Errorf("%q is refused: %s", address, message)
			}
		}
		open := b.Session("subscription", price, nil)
		if page := b.shows(open.URL, with(card("4242424242424242"), "email=ada@gmile"),
			http.StatusBadRequest); page.Says("#problem") != "Invalid email address: ada@gmile" {
			t.Errorf("the page says %q", page.Says("main"))
		}
	})
}

func TestTextsOverStripesLimitsAreRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		keys := func(n int) url.Values {
			form := url.Values{}
			for i := range n {
				form.Set(fmt.Sprintf("metadata[key%d]", i), "x")
			}
			return form
		}
		long := func(n int) []string { return []string{strings.Repeat("é", n)} }
		address := func(n int) []string { return []string{strings.Repeat("a", n-len("@example.com")) + "@example.com"} }
		for name, test := range map[string]struct{ fits, exceeds url.Values }{
			"name":   {url.Values{"name": long(256)}, url.Values{"name": long(257)}},
			"e-mail": {url.Values{"email": address(512)}, url.Values{"email": address(513)}},
			"phone": {url.Values{"phone": {"+" + strings.Repeat("5", 19)}},
				url.Values{"phone": {"+" + strings.Repeat("5", 20)}}},
			"description":    {url.Values{"description": long(5000)}, url.Values{"description": long(5001)}},
			"metadata value": {url.Values{"metadata[a]": long(500)}, url.Values{"metadata[a]": long(501)}},
			"metadata key": {url.Values{"metadata[" + strings.Repeat("k", 40) + "]": {"x"}},
				url.Values{"metadata[" + strings.Repeat("k", 41) + "]": {"x"}}},
			"metadata keys": {keys(50), keys(51)},
		} {
			other := b.Customer("ada@example.com").ID
			for _, path := range []string{"/v1/customers", "/v1/customers/" + other} {
				if _, message := b.code(path, test.fits); message != "" {
					t.Errorf("%s: %s", name, message)
				}
				if path == "/v1/customers" {
					continue
				}
				b.Send("POST", simharness.StripeHost+path, nil, "metadata=")
			}
			for _, path := range []string{"/v1/customers", "/v1/customers/" + other} {
				if _, message := b.code(path, test.exceeds); !strings.HasPrefix(message, "400 ") {
					t.Errorf("%s over its limit at %s: %q", name, path, message)
				}
			}
		}
	})
}

func TestCurrenciesAreNotMixedOnACustomer(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(b *bench, customer, usd string){
		"a subscription": func(b *bench, customer, usd string) {
			session := b.Session("subscription", usd, func(p *stripe.CheckoutSessionCreateParams) { p.Customer = &customer })
			b.Must(b.PayCheckout(session.ID, "4242424242424242"))
		},
		"an invoice item": func(b *bench, customer, _ string) {
			b.Send("POST", simharness.StripeHost+"/v1/invoiceitems", nil, "amount=100&currency=usd&customer="+customer)
		},
		"a schedule": func(b *bench, customer, usd string) {
			b.Send("POST", simharness.StripeHost+"/v1/subscription_schedules", nil,
				fmt.Sprintf("start_date=%d&phases[0][items][0][price]=%s&customer=%s", b.Now().Add(time.Hour).Unix(), usd,
					customer))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				customer, usd := b.Customer("ada@example.com").ID, b.Monthly()
				eur := b.AddPlan(simulator.Plan{ProductName: "Pro", Amount: 2700, Currency: "eur", Interval: "month"})
				once := b.AddPlan(simulator.Plan{ProductName: "Once", Amount: 900, Currency: "eur"})
				begin(b, customer, usd)
				const want = "You cannot combine currencies on a single customer."
				checkout := "success_url=http://app.test&line_items[0][quantity]=1&customer=" + customer
				b.refused("/v1/checkout/sessions", checkout+"&mode=subscription&line_items[0][price]="+eur, want)
				b.refused("/v1/subscriptions", "payment_behavior=default_incomplete&items[0][price]="+eur+"&customer="+customer,
					want)
				b.refused("/v1/invoiceitems", "amount=100&currency=eur&customer="+customer, want)
				b.refused("/v1/subscription_schedules", "start_date=now&phases[0][items][0][price]="+eur+"&customer="+customer,
					want)
				for what, form := range map[string]string{"the same currency": "&mode=subscription&line_items[0][price]=" + usd,
					"a payment": "&mode=payment&line_items[0][price]=" + once} {
					if response, answer := b.Send("POST", simharness.StripeHost+"/v1/checkout/sessions", nil,
						checkout+form); response.StatusCode != http.StatusOK {
						t.Errorf("%s is refused: %v", what, answer)
					}
				}
			})
		})
	}
	t.Run("after the subscription has ended", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			sub := b.Subscribed(b.Monthly())
			b.Must(b.CancelSubscription(sub.ID, false))
			eur := b.AddPlan(simulator.Plan{ProductName: "Pro", Amount: 2700, Currency: "eur", Interval: "month"})
			session := b.Session("subscription", eur, func(p *stripe.CheckoutSessionCreateParams) { p.Customer = &sub.Customer })
			b.Must(b.PayCheckout(session.ID, "4242424242424242"))
			if got := b.Customers()[0].Currency; got != "eur" {
				t.Errorf("the customer is billed in %s", got)
			}
		})
	})
}

func TestACheckoutSellsOnlyWhatIsActive(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.Monthly()
		other := b.AddPlan(simulator.Plan{ProductName: "Old", Amount: 900, Interval: "month"})
		b.Send("POST", simharness.StripeHost+"/v1/prices/"+price, nil, "active=false")
		b.Send("POST", simharness.StripeHost+"/v1/products/"+b.Prices()[1].Product, nil, "active=false")
		form := "mode=subscription&success_url=http://app.test&line_items[0][quantity]=1&line_items[0][price]="
		b.refused("/v1/checkout/sessions", form+price, "The price specified is inactive. This field only accepts active prices.")
		b.refused("/v1/checkout/sessions", form+other, "is not available to be purchased because its product is not active.")
		b.refused("/v1/payment_links", strings.TrimPrefix(form, "mode=subscription&success_url=http://app.test&")+price,
			"only accepts active prices")
	})
}

func TestAPortalNeedsItsSettingsSaved(t *testing.T) {
	t.Parallel()
	inConfiguredBubble(t, func(c *simulator.Config) { c.PortalSaved = false }, func(t *testing.T, b *bench) {
		customer := b.Customer("ada@example.com").ID
		const want = "No configuration provided and your test mode default configuration has not been created."
		b.refused("/v1/billing_portal/sessions", "return_url=http://app.test&customer="+customer, want)
		own := b.configuration("features[invoice_history][enabled]=true")
		b.portal(customer, "return_url=http://app.test&configuration="+own["id"].(string))
		b.refused("/v1/billing_portal/sessions", "return_url=http://app.test&customer="+customer, want)
		if page := b.Visited(simharness.StripeHost + "/_sim"); page.Says("#portal") == "" {
			t.Error("the controls do not say that the settings are missing")
		}
		if status, location, _ := b.Submit(simharness.StripeHost+"/_sim/portal",
			url.Values{"page": {"yes"}}); status != http.StatusSeeOther || location != "/_sim" {
			t.Errorf("the button leads to %d %s", status, location)
		}
		b.portal(customer, "return_url=http://app.test")
		if status, _ := b.Curl("/_sim/portal", ""); status != http.StatusNoContent {
			t.Errorf("saving again answers %d", status)
		}
	})
}

func TestAScheduleOwnsItsSubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		end := sub.PeriodEnd()
		_, schedule := b.Send("POST", simharness.StripeHost+"/v1/subscription_schedules", nil, "from_subscription="+sub.ID)
		at := "/v1/subscription_schedules/" + schedule["id"].(string)
		const want = "updating any cancelation behavior directly is not allowed"
		for _, form := range []string{"cancel_at_period_end=true", "cancel_at_period_end=false",
			"cancel_at=" + fmt.Sprint(end.Unix())} {
			b.refused("/v1/subscriptions/"+sub.ID, form, want)
		}
		for what, err := range map[string]error{"cancel": b.CancelSubscription(sub.ID, true),
			"portal": b.PortalCancel(sub.ID), "resume": b.ResumeSubscription(sub.ID)} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		ends := func() any {
			_, shown := b.Send("GET", simharness.StripeHost+"/v1/subscriptions/"+sub.ID, nil, "")
			return shown["cancel_at"]
		}
		mark := b.Mark()
		b.Send("POST", simharness.StripeHost+at, nil, "end_behavior=cancel")
		if got := ends(); got != float64(end.Unix()) || !strings.Contains(strings.Join(b.EventsSince(mark), " "),
			"customer.subscription.updated") {
			t.Errorf("with end_behavior=cancel its cancel_at is %v, want %d; events %v", got, end.Unix(), b.EventsSince(mark))
		}
		b.Send("POST", simharness.StripeHost+at+"/release", nil, "preserve_cancel_date=true")
		if got := b.Subscription(sub.ID); got.Schedule != "" || ends() != float64(end.Unix()) {
			t.Errorf("released, it is under %q and ends at %v", got.Schedule, ends())
		}
		b.Advance(32 * simharness.Day)
		if got := b.Subscription(sub.ID).Status; got != "canceled" {
			t.Errorf("after the preserved date it is %s", got)
		}

		second := b.Subscribed(b.Monthly())
		_, schedule = b.Send("POST", simharness.StripeHost+"/v1/subscription_schedules", nil, "from_subscription="+second.ID)
		b.Send("POST", simharness.StripeHost+"/v1/subscription_schedules/"+schedule["id"].(string), nil, "end_behavior=cancel")
		b.Send("POST", simharness.StripeHost+"/v1/subscription_schedules/"+schedule["id"].(string)+"/release", nil, "")
		if response, _ := b.Send("POST", simharness.StripeHost+"/v1/subscriptions/"+second.ID, nil,
			"cancel_at_period_end=true"); response.StatusCode != http.StatusOK || b.Subscription(second.ID).Schedule != "" {
			t.Errorf("after its release it cannot be canceled: %d", response.StatusCode)
		}

		third := b.Subscribed(b.Monthly())
		_, schedule = b.Send("POST", simharness.StripeHost+"/v1/subscription_schedules", nil, "from_subscription="+third.ID)
		if response, _ := b.Send("DELETE", simharness.StripeHost+"/v1/subscriptions/"+third.ID, nil,
			""); response.StatusCode != http.StatusOK {
			t.Errorf("canceling at once answers %d", response.StatusCode)
		}
		if _, shown := b.Send("GET", simharness.StripeHost+"/v1/subscription_schedules/"+schedule["id"].(string), nil,
			""); shown["status"] != "canceled" {
			t.Errorf("its schedule is %v", shown["status"])
		}
	})
}

func TestAnIncompleteSubscriptionEndsAsExpired(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *bench, sub, invoice string){
		"after 23 hours": func(b *bench, _, _ string) { b.Advance(23*time.Hour + time.Minute) },
		"by cancellation": func(b *bench, sub, _ string) {
			b.Send("DELETE", simharness.StripeHost+"/v1/subscriptions/"+sub, nil, "")
		},
		"by voiding its invoice": func(b *bench, _, invoice string) {
			b.Send("POST", simharness.StripeHost+"/v1/invoices/"+invoice+"/void", nil, "")
		},
		"by a cancellation action": func(b *bench, sub, _ string) { b.Must(b.CancelSubscription(sub, false)) },
	} {
		for _, how := range []string{"payment_behavior=default_incomplete", "default_payment_method=pm_card_chargeDeclined"} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, b *bench) {
					_, sub := b.Send("POST", simharness.StripeHost+"/v1/subscriptions", nil,
						how+"&expand[]=latest_invoice&items[0][price]="+b.Monthly()+"&customer="+b.Customer("ada@example.com").ID)
					invoice, _ := sub["latest_invoice"].(map[string]any)
					if sub["status"] != "incomplete" || invoice["status"] != "open" || invoice["hosted_invoice_url"] == nil {
						t.Fatalf("the subscription is %v with invoice %v", sub["status"], invoice)
					}
					mark := b.Mark()
					end(b, sub["id"].(string), invoice["id"].(string))
					events := strings.Join(b.EventsSince(mark), " ")
					if got := b.Subscriptions()[0]; got.Status != "incomplete_expired" || b.Invoices()[0].Status != "void" ||
						strings.Contains(events, "customer.subscription.deleted") ||
						!strings.Contains(events, "customer.subscription.updated") {
						t.Errorf("it is %s, its invoice %s, the events %s", got.Status, b.Invoices()[0].Status, events)
					}
				})
			})
		}
	}
}

func TestALookupKeyMovesToANewPrice(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		old := b.Monthly()
		form := "currency=usd&unit_amount=3900&recurring[interval]=month&lookup_key=pro&product=" + b.Prices()[0].Product
		b.refused("/v1/prices", form, "already uses that lookup key")
		mark := b.Mark()
		_, fresh := b.Send("POST", simharness.StripeHost+"/v1/prices", nil, form+"&transfer_lookup_key=true")
		if prices := b.Prices(); prices[0].ID != old || prices[0].LookupKey != "" || prices[1].LookupKey != "pro" ||
			prices[1].ID != fresh["id"] {
			t.Errorf("the prices are %+v", prices)
		}
		if events := strings.Join(b.EventsSince(mark), " "); !strings.Contains(events, "price.updated") ||
			!strings.Contains(events, "price.created") {
			t.Errorf("the events are %s", events)
		}
		_, found := b.Send("GET", simharness.StripeHost+"/v1/prices?lookup_keys[]=pro", nil, "")
		if data := found["data"].([]any); len(data) != 1 || data[0].(map[string]any)["id"] != fresh["id"] {
			t.Errorf("the key names %v", data)
		}
	})
}
