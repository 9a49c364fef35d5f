package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

// acts posts a form that must be accepted, and returns the redirect.
func (b *bench) acts(path string, form url.Values) string {
	b.T.Helper()
	status, location, text := b.Submit(path, form)
	if status != http.StatusSeeOther {
		b.T.Fatalf("%s answers %d to %v: %s", path, status, form, simharness.Parsed(b.T, text).Says("[role=alert]"))
	}
	return location
}

func TestACustomerCancelsAndComesBackInThePortal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		home := b.portal(sub.Customer, "return_url=http://app.test/account")
		page := b.Visited(home)
		if page.Says(".plan .status") != "active" || page.Says(".plan .when") != "Renews on 1 February 2000" ||
			page.Value("#return", "href") != "http://app.test/account" ||
			!strings.HasPrefix(page.Says("#methods li"), "Visa •••• 4242") {
			t.Errorf("the first page says %q", page.Says("main"))
		}
		cancel := simharness.StripeHost + page.Value(".plan a.cancel", "href")
		if page = b.Visited(cancel); !strings.Contains(page.Says("#effect"), "until 1 February 2000") ||
			len(page.All("input[name=feedback]")) != 5 {
			t.Errorf("the page before says %q", page.Says("main"))
		}
		if status, _, text := b.Submit(cancel, url.Values{"feedback": {"no_reason"}}); status != http.StatusBadRequest ||
			simharness.Parsed(t, text).Says("[role=alert]") != "Choose one of the listed reasons." {
			t.Errorf("a reason that is not offered: %d %s", status, simharness.Parsed(t, text).Says("[role=alert]"))
		}
		mark := b.Mark()
		b.acts(cancel, url.Values{"feedback": {"too_expensive"}, "comment": {"Too much"}})
		if got := b.Subscription(sub.ID); got.CancelAt != got.PeriodEnd() || got.CancelAtPeriodEnd ||
			got.CancelFeedback != "too_expensive" || got.CancelComment != "Too much" {
			t.Errorf("the portal wrote cancel_at %s, cancel_at_period_end %v, reason %q %q", got.CancelAt,
				got.CancelAtPeriodEnd, got.CancelFeedback, got.CancelComment)
		}
		if kinds := b.EventsSince(mark); len(kinds) != 1 || kinds[0] != "customer.subscription.updated" {
			t.Errorf("events are %v", kinds)
		}
		page = b.Visited(home + "?done=canceled")
		if page.Says(".plan .when") != "Ends on 1 February 2000" || page.Value(".plan a.cancel", "href") != "" ||
			page.Says("[role=status]") != "Your plan was canceled." {
			t.Errorf("after canceling it says %q", page.Says("main"))
		}
		b.acts(home, url.Values{"action": {page.Value(".plan button", "value")}, "subscription": {sub.ID}})
		if got := b.Subscription(sub.ID); !got.CancelAt.IsZero() {
			t.Error("the plan was not kept")
		}
		if status, _, _ := b.Submit(home, url.Values{"action": {"keep"},
			"subscription": {sub.ID}}); status != http.StatusBadRequest {
			t.Errorf("a plan that does not end can be kept: %d", status)
		}
	})
}

func TestTheConfigurationSaysHowThePortalCancels(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		none := b.configuration("features[invoice_history][enabled]=true")["id"].(string)
		page := b.Visited(b.portal(sub.Customer, "return_url=http://app.test/&configuration="+none))
		if page.Value("a.cancel", "href") != "" || page.Value("#add-method", "href") != "" ||
			page.Value("#edit-details", "href") != "" || len(page.All("#invoices li")) != 1 {
			t.Errorf("a configuration with invoices only shows %q", page.Says("main"))
		}
		bare := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+none)
		for path, form := range map[string]url.Values{"/subscriptions/" + sub.ID + "/cancel": {},
			"/payment-methods": card("4242424242424242"), "/customer": {"name": {"X"}}} {
			if status, _, _ := b.Submit(bare+path, form); status != http.StatusForbidden {
				t.Errorf("%s is not offered and answers %d", path, status)
			}
		}
		now := b.configuration("features[subscription_cancel][enabled]=true&features[subscription_cancel][mode]=immediately")["id"].(string)
		home := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+now)
		page = b.Visited(home)
		if len(page.All("#invoices")) != 0 {
			t.Error("invoices are shown although they are not enabled")
		}
		cancel := simharness.StripeHost + page.Value("a.cancel", "href")
		if page = b.Visited(cancel); page.Value("button.danger", "value") != "cancel_now" ||
			len(page.All("input[name=feedback]")) != 0 {
			t.Errorf("the page says %q", page.Says("main"))
		}
		stranger := b.Subscribed(b.Monthly())
		if status, _, _ := b.Submit(strings.Replace(cancel, sub.ID, stranger.ID, 1),
			url.Values{}); status != http.StatusNotFound || b.Subscription(stranger.ID).Status != "active" {
			t.Errorf("somebody else's subscription can be canceled: %d", status)
		}
		b.acts(cancel, url.Values{})
		if got := b.Subscription(sub.ID).Status; got != "canceled" {
			t.Errorf("status is %s", got)
		}
		if page = b.Visited(home); page.Says(".plan .when") != "Ended on 1 January 2000" || len(page.All(".plan a")) != 0 {
			t.Errorf("after the end it says %q", page.Says("main"))
		}
	})
}

func TestAFlowLeadsToOneActionAndNoOther(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		entry := b.portal(sub.Customer, "return_url=http://app.test/&flow_data[type]=subscription_cancel&flow_data[subscription_cancel][subscription]="+sub.ID+
			"&flow_data[after_completion][type]=redirect&flow_data[after_completion][redirect][return_url]=http://app.test/gone")
		home := strings.TrimSuffix(entry, "/flow")
		if home == entry {
			t.Errorf("the address of a flow is %s", entry)
		}
		for _, path := range []string{entry, home, home + "/payment-methods"} {
			if page := b.Visited(path); page.Says("h1") != "Cancel your plan" ||
				page.Value("#return", "href") != "http://app.test/" {
				t.Errorf("%s shows %q", path, page.Says("h1"))
			}
		}
		if status, location, _ := b.Submit(home+"/payment-methods",
			card("4242424242424242")); status != http.StatusSeeOther || !strings.HasSuffix(location, "/flow") {
			t.Errorf("another action is taken in a flow: %d to %s", status, location)
		}
		if to := b.acts(home+"/subscriptions/"+sub.ID+"/cancel", url.Values{}); to != "http://app.test/gone" {
			t.Errorf("after the flow it leads to %s", to)
		}
		details := b.portal(sub.Customer, "return_url=http://app.test/&flow_data[type]=customer_update&flow_data[after_completion][type]=hosted_confirmation"+
			"&flow_data[after_completion][hosted_confirmation][custom_message]=All+set")
		home = strings.TrimSuffix(details, "/flow")
		to := b.acts(home+"/customer", url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "phone": {""}})
		if page := b.Visited(simharness.StripeHost + to); page.Says("#message") != "All set" {
			t.Errorf("%s says %q", to, page.Says("main"))
		}
		method := b.portal(sub.Customer, "return_url=http://app.test/&flow_data[type]=payment_method_update")
		to = b.acts(strings.TrimSuffix(method, "/flow")+"/payment-methods", card("5555555555554444"))
		if page := b.Visited(simharness.StripeHost + to); page.Says("[role=status]") != "The payment method was added." ||
			len(page.All("#methods .link")) != 2 {
			t.Errorf("after the flow the first page says %q", page.Says("main"))
		}
	})
}

func TestACustomerChangesDetailsInThePortal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("old@example.com")
		some := b.configuration("features[customer_update][enabled]=true&features[customer_update][allowed_updates][]=email")["id"].(string)
		home := b.portal(customer.ID, "return_url=http://app.test/&configuration="+some)
		page := b.Visited(home + "/customer")
		if len(page.All("form input")) != 1 || page.Value("#email", "value") != "old@example.com" ||
			page.Value("#email", "autocomplete") != "email" {
			t.Errorf("the form is %q", page.Says("form"))
		}
		status, _, text := b.Submit(home+"/customer", url.Values{"email": {"nobody"}})
		if page := simharness.Parsed(t, text); status != http.StatusBadRequest || page.Says("[role=alert]") == "" ||
			page.Value("#email", "value") != "nobody" {
			t.Errorf("a wrong address: %d, %q, kept %q", status, page.Says("[role=alert]"), page.Value("#email", "value"))
		}
		mark := b.Mark()
		b.acts(home+"/customer", url.Values{"email": {"new@example.com"}, "name": {"not allowed"}})
		if got := b.Customers()[0]; got.Email != "new@example.com" || got.Name != "" {
			t.Errorf("the customer is %+v", got)
		}
		if kinds := b.EventsSince(mark); len(kinds) != 1 || kinds[0] != "customer.updated" {
			t.Errorf("events are %v", kinds)
		}
		all := b.portal(customer.ID, "return_url=http://app.test/")
		b.acts(all+"/customer", url.Values{"email": {"new@example.com"}, "name": {"Ada"}, "line1": {"1 Main St"},
			"city": {"London"}, "country": {"GB"}})
		if got := b.Customers()[0]; got.Name != "Ada" || got.Address == nil || got.Address.Line1 != "1 Main St" ||
			got.Address.Country != "GB" {
			t.Errorf("the customer is %+v at %+v", got, got.Address)
		}
		if page := b.Visited(all); !strings.Contains(page.Says("#details"), "1 Main St, London, GB") {
			t.Errorf("the details are %q", page.Says("#details"))
		}
	})
}

func TestACustomerKeepsPaymentMethodsInThePortal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		home := b.portal(sub.Customer, "return_url=http://app.test/")
		past := card("4242424242424242")
		past.Set("expiry", "12/99")
		b.Visited(home + "/payment-methods")
		status, _, text := b.Submit(home+"/payment-methods", past)
		if page := simharness.Parsed(t, text); status != http.StatusPaymentRequired ||
			!strings.Contains(page.Says("[role=alert]"), "in the past") || page.Value("#card", "value") != "4242424242424242" {
			t.Errorf("an expired card: %d %q", status, page.Says("[role=alert]"))
		}
		b.acts(home+"/payment-methods", card("5555 5555 5555 4444"))
		page := b.Visited(home)
		links := page.All("#methods a.link")
		if len(links) != 2 || !strings.HasPrefix(page.Says("#methods li"), "Mastercard •••• 4444") ||
			page.Says("#methods .status") != "default" {
			t.Fatalf("the methods are %q", page.Says("#methods"))
		}
		fresh, old := simharness.StripeHost+links[0].Attrs["href"], simharness.StripeHost+links[1].Attrs["href"]
		if got := b.Subscription(sub.ID).DefaultPaymentMethod; !strings.HasSuffix(fresh, got) {
			t.Errorf("the subscription is paid with %s", got)
		}
		if page := b.Visited(fresh); page.Value("button.danger", "value") != "" {
			t.Error("the default method can be removed")
		}
		if status, _, _ := b.Submit(fresh, url.Values{"action": {"remove"}}); status != http.StatusBadRequest {
			t.Errorf("removing the default answers %d", status)
		}
		b.acts(old, url.Values{"action": {"default"}})
		if got := b.Customers()[0].DefaultPaymentMethod; !strings.HasSuffix(old, got) {
			t.Errorf("the default is %s", got)
		}
		mark := b.Mark()
		b.acts(fresh, url.Values{"action": {"remove"}})
		if kinds := b.EventsSince(mark); len(kinds) != 1 || kinds[0] != "payment_method.detached" {
			t.Errorf("events are %v", kinds)
		}
		if page := b.Visited(home); len(page.All("#methods a.link")) != 1 {
			t.Errorf("the methods are %q", page.Says("#methods"))
		}
	})
}

func TestACardThatAsksForAChallengeIsAddedAfterIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		home := b.portal(sub.Customer, "return_url=http://app.test/")
		challenge := b.acts(home+"/payment-methods", card("4000002760003184"))
		if page := b.Visited(challenge); page.Value("button[value=pass]", "name") != "outcome" {
			t.Errorf("the challenge says %q", page.Says("main"))
		}
		if page := b.Visited(b.acts(challenge, url.Values{"outcome": {"fail"}})); page.Says(
			"h1") != "Add a payment method" || page.Says("[role=alert]") == "" {
			t.Errorf("after a failed challenge it says %q", page.Says("main"))
		}
		mark := b.Mark()
		page := b.Visited(b.acts(b.acts(home+"/payment-methods", card("4000002760003184")), url.Values{"outcome": {"pass"}}))
		if page.Says("[role=status]") != "The payment method was added." ||
			!strings.HasPrefix(page.Says("#methods li"), "Visa •••• 3184 default") {
			t.Errorf("after the challenge it says %q", page.Says("main"))
		}
		want := "setup_intent.created setup_intent.requires_action payment_method.attached setup_intent.succeeded customer.updated customer.subscription.updated"
		if got := strings.Join(b.EventsSince(mark), " "); got != want {
			t.Errorf("events are %s", got)
		}
		flow := b.portal(sub.Customer, "return_url=http://app.test/&flow_data[type]=payment_method_update&flow_data[after_completion][type]=redirect"+
			"&flow_data[after_completion][redirect][return_url]=http://app.test/added")
		challenge = b.acts(strings.TrimSuffix(flow, "/flow")+"/payment-methods", card("4000002760003184"))
		outcome := b.acts(challenge, url.Values{"outcome": {"pass"}})
		if status, location, _ := b.Get(outcome); status != http.StatusSeeOther || location != "http://app.test/added" {
			t.Errorf("after the flow: %d to %s", status, location)
		}
	})
}

func TestAPortalLinkOfADeletedCustomerIsDead(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("a@example.com")
		home := b.portal(customer.ID, "return_url=http://app.test/")
		if err := b.DeleteCustomer(customer.ID); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{home, home + "/customer", simharness.StripeHost + "/p/session/bps_x"} {
			if status, _, _ := b.Get(path); status != http.StatusNotFound {
				t.Errorf("%s answers %d", path, status)
			}
		}
	})
}

func TestTheLoginPageOfAPortalOpensASession(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Customer("a@example.com")
		made := b.configuration("features[invoice_history][enabled]=true&login_page[enabled]=true&default_return_url=http://app.test/&business_profile[headline]=Acme")
		login := made["login_page"].(map[string]any)["url"].(string)
		if page := b.Visited(login); page.Says("p.soft") != "Acme" || page.Value("#email", "autocomplete") != "email" {
			t.Errorf("the login page says %q", page.Says("main"))
		}
		if status, _, text := b.Submit(login, url.Values{"email": {"b@example.com"}}); status != http.StatusNotFound ||
			simharness.Parsed(t, text).Says("[role=alert]") == "" {
			t.Errorf("the login answers %d", status)
		}
		to := b.acts(login, url.Values{"email": {"a@example.com"}})
		if page := b.Visited(simharness.StripeHost + to); page.Says("#who") != "a@example.com" {
			t.Errorf("%s shows %q", to, page.Says("main"))
		}
		closed := b.configuration("features[invoice_history][enabled]=true")["id"].(string)
		if status, _, _ := b.Get(simharness.StripeHost + "/p/login/" + closed); status != http.StatusNotFound {
			t.Errorf("a configuration without login page answers %d", status)
		}
	})
}

func TestAnOpenInvoiceIsPaidOnItsPage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		b.Advance(31*simharness.Day + 2*time.Hour)
		home := b.portal(sub.Customer, "return_url=http://app.test/")
		page := b.Visited(home)
		if page.Says(".plan .status") != "past due" || page.Says("#invoices .status") != "open" {
			t.Errorf("the first page says %q", page.Says("main"))
		}
		invoice := simharness.StripeHost + page.Value(".plan a.button", "href")
		page = b.Visited(invoice)
		if page.Says(".total") != "29.00 USD" || page.Says(".status") != "open" ||
			page.Value("input[name=method]", "value") == "" {
			t.Errorf("the invoice says %q", page.Says("main"))
		}
		status, _, text := b.Submit(invoice, url.Values{"method": {page.Value("input[name=method]", "value")}})
		if status != http.StatusPaymentRequired || simharness.Parsed(t, text).Says("[role=alert]") != "Your card was declined." {
			t.Errorf("a declined card: %d %q", status, simharness.Parsed(t, text).Says("[role=alert]"))
		}
		challenge := b.acts(invoice, card("4000002760003184"))
		if page = b.Visited(challenge); !strings.Contains(page.Says("main"), "29.00 USD") {
			t.Errorf("the challenge says %q", page.Says("main"))
		}
		page = b.Visited(b.acts(challenge, url.Values{"outcome": {"fail"}}))
		if page.Says(".status") != "open" || !strings.Contains(page.Says("[role=alert]"), "unable to authenticate") {
			t.Errorf("after a failed challenge it says %q", page.Says("main"))
		}
		if status, _, _ := b.Submit(invoice, url.Values{"method": {"pm_stranger"}}); status != http.StatusBadRequest {
			t.Errorf("an unknown method answers %d", status)
		}
		to := b.acts(b.acts(invoice, card("4000002760003184")), url.Values{"outcome": {"pass"}})
		if page = b.Visited(to); page.Says(".status") != "paid" || page.Says("[role=status]") == "" ||
			len(page.All("form")) != 0 {
			t.Errorf("after paying it says %q", page.Says("main"))
		}
		if got := b.Subscription(sub.ID).Status; got != "active" {
			t.Errorf("the subscription is %s", got)
		}
		charges := len(b.Charges())
		b.acts(invoice, card("4242424242424242"))
		if len(b.Charges()) != charges {
			t.Error("a paid invoice was paid again")
		}
		if status, _, _ := b.Get(simharness.StripeHost + "/i/in_x"); status != http.StatusNotFound {
			t.Errorf("an unknown invoice answers %d", status)
		}
	})
}
