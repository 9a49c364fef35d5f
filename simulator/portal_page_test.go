package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// visited fetches a page, following the portal's own redirects, and reads it.
func (b *bench) visited(path string) *node {
	b.t.Helper()
	status, location, text := b.get(path)
	for status == http.StatusSeeOther && strings.HasPrefix(location, "/") {
		status, location, text = b.get(stripeHost + location)
	}
	if status != http.StatusOK {
		b.t.Fatalf("%s answers %d to %s: %s", path, status, location, text)
	}
	return parsed(b.t, text)
}

// acts posts a form that must be taken and returns where it leads.
func (b *bench) acts(path string, form url.Values) string {
	b.t.Helper()
	status, location, text := b.submit(path, form)
	if status != http.StatusSeeOther {
		b.t.Fatalf("%s answers %d to %v: %s", path, status, form, parsed(b.t, text).says("[role=alert]"))
	}
	return location
}

func TestACustomerCancelsAndComesBackInThePortal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		home := b.portal(sub.Customer, "return_url=http://app.test/account")
		page := b.visited(home)
		if page.says(".plan .status") != "active" || page.says(".plan .when") != "Renews on 1 February 2000" ||
			page.value("#return", "href") != "http://app.test/account" ||
			!strings.HasPrefix(page.says("#methods li"), "Visa •••• 4242") {
			t.Errorf("the first page says %q", page.says("main"))
		}
		cancel := stripeHost + page.value(".plan a.cancel", "href")
		if page = b.visited(cancel); !strings.Contains(page.says("#effect"), "until 1 February 2000") ||
			len(page.all("input[name=feedback]")) != 5 {
			t.Errorf("the page before says %q", page.says("main"))
		}
		if status, _, text := b.submit(cancel, url.Values{"feedback": {"no_reason"}}); status != http.StatusBadRequest ||
			parsed(t, text).says("[role=alert]") != "This reason cannot be given." {
			t.Errorf("a reason that is not offered: %d %s", status, parsed(t, text).says("[role=alert]"))
		}
		mark := b.mark()
		b.acts(cancel, url.Values{"feedback": {"too_expensive"}, "comment": {"Too much"}})
		if got := b.subscription(sub.ID); got.CancelAt != got.PeriodEnd() || got.CancelAtPeriodEnd ||
			got.CancelFeedback != "too_expensive" || got.CancelComment != "Too much" {
			t.Errorf("the portal wrote cancel_at %s, cancel_at_period_end %v, reason %q %q", got.CancelAt,
				got.CancelAtPeriodEnd, got.CancelFeedback, got.CancelComment)
		}
		if kinds := b.eventsSince(mark); len(kinds) != 1 || kinds[0] != "customer.subscription.updated" {
			t.Errorf("events are %v", kinds)
		}
		page = b.visited(home + "?done=canceled")
		if page.says(".plan .when") != "Ends on 1 February 2000" || page.value(".plan a.cancel", "href") != "" ||
			page.says("[role=status]") != "Your plan was canceled." {
			t.Errorf("after canceling it says %q", page.says("main"))
		}
		b.acts(home, url.Values{"action": {page.value(".plan button", "value")}, "subscription": {sub.ID}})
		if got := b.subscription(sub.ID); !got.CancelAt.IsZero() {
			t.Error("the plan was not kept")
		}
		if status, _, _ := b.submit(home, url.Values{"action": {"keep"},
			"subscription": {sub.ID}}); status != http.StatusBadRequest {
			t.Errorf("a plan that does not end can be kept: %d", status)
		}
	})
}

func TestTheConfigurationSaysHowThePortalCancels(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		none := b.configuration("features[invoice_history][enabled]=true")["id"].(string)
		page := b.visited(b.portal(sub.Customer, "return_url=http://app.test/&configuration="+none))
		if page.value("a.cancel", "href") != "" || page.value("#add-method", "href") != "" ||
			page.value("#edit-details", "href") != "" || len(page.all("#invoices li")) != 1 {
			t.Errorf("a configuration with invoices only shows %q", page.says("main"))
		}
		bare := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+none)
		for path, form := range map[string]url.Values{"/subscriptions/" + sub.ID + "/cancel": {},
			"/payment-methods": card("4242424242424242"), "/customer": {"name": {"X"}}} {
			if status, _, _ := b.submit(bare+path, form); status != http.StatusForbidden {
				t.Errorf("%s is not offered and answers %d", path, status)
			}
		}
		now := b.configuration("features[subscription_cancel][enabled]=true&features[subscription_cancel][mode]=immediately")["id"].(string)
		home := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+now)
		page = b.visited(home)
		if len(page.all("#invoices")) != 0 {
			t.Error("invoices are shown although they are not enabled")
		}
		cancel := stripeHost + page.value("a.cancel", "href")
		if page = b.visited(cancel); page.value("button.danger", "value") != "cancel_now" ||
			len(page.all("input[name=feedback]")) != 0 {
			t.Errorf("the page says %q", page.says("main"))
		}
		stranger := b.subscribed(monthly(b))
		if status, _, _ := b.submit(strings.Replace(cancel, sub.ID, stranger.ID, 1),
			url.Values{}); status != http.StatusNotFound || b.subscription(stranger.ID).Status != "active" {
			t.Errorf("somebody else's subscription can be canceled: %d", status)
		}
		b.acts(cancel, url.Values{})
		if got := b.subscription(sub.ID).Status; got != "canceled" {
			t.Errorf("status is %s", got)
		}
		if page = b.visited(home); page.says(".plan .when") != "Ended on 1 January 2000" || len(page.all(".plan a")) != 0 {
			t.Errorf("after the end it says %q", page.says("main"))
		}
	})
}

func TestAFlowLeadsToOneActionAndNoOther(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		entry := b.portal(sub.Customer, "return_url=http://app.test/&flow_data[type]=subscription_cancel&flow_data[subscription_cancel][subscription]="+sub.ID+
			"&flow_data[after_completion][type]=redirect&flow_data[after_completion][redirect][return_url]=http://app.test/gone")
		home := strings.TrimSuffix(entry, "/flow")
		if home == entry {
			t.Errorf("the address of a flow is %s", entry)
		}
		for _, path := range []string{entry, home, home + "/payment-methods"} {
			if page := b.visited(path); page.says("h1") != "Cancel your plan" ||
				page.value("#return", "href") != "http://app.test/" {
				t.Errorf("%s shows %q", path, page.says("h1"))
			}
		}
		if status, location, _ := b.submit(home+"/payment-methods",
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
		if page := b.visited(stripeHost + to); page.says("#message") != "All set" {
			t.Errorf("%s says %q", to, page.says("main"))
		}
		method := b.portal(sub.Customer, "return_url=http://app.test/&flow_data[type]=payment_method_update")
		to = b.acts(strings.TrimSuffix(method, "/flow")+"/payment-methods", card("5555555555554444"))
		if page := b.visited(stripeHost + to); page.says("[role=status]") != "The payment method was added." ||
			len(page.all("#methods .link")) != 2 {
			t.Errorf("after the flow the first page says %q", page.says("main"))
		}
	})
}

func TestACustomerChangesDetailsInThePortal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.customer("old@example.com")
		some := b.configuration("features[customer_update][enabled]=true&features[customer_update][allowed_updates][]=email")["id"].(string)
		home := b.portal(customer.ID, "return_url=http://app.test/&configuration="+some)
		page := b.visited(home + "/customer")
		if len(page.all("form input")) != 1 || page.value("#email", "value") != "old@example.com" ||
			page.value("#email", "autocomplete") != "email" {
			t.Errorf("the form is %q", page.says("form"))
		}
		status, _, text := b.submit(home+"/customer", url.Values{"email": {"nobody"}})
		if page := parsed(t, text); status != http.StatusBadRequest || page.says("[role=alert]") == "" ||
			page.value("#email", "value") != "nobody" {
			t.Errorf("a wrong address: %d, %q, kept %q", status, page.says("[role=alert]"), page.value("#email", "value"))
		}
		mark := b.mark()
		b.acts(home+"/customer", url.Values{"email": {"new@example.com"}, "name": {"not allowed"}})
		if got := b.Customers()[0]; got.Email != "new@example.com" || got.Name != "" {
			t.Errorf("the customer is %+v", got)
		}
		if kinds := b.eventsSince(mark); len(kinds) != 1 || kinds[0] != "customer.updated" {
			t.Errorf("events are %v", kinds)
		}
		all := b.portal(customer.ID, "return_url=http://app.test/")
		b.acts(all+"/customer", url.Values{"email": {"new@example.com"}, "name": {"Ada"}, "line1": {"1 Main St"},
			"city": {"London"}, "country": {"GB"}})
		if got := b.Customers()[0]; got.Name != "Ada" || got.Address == nil || got.Address.Line1 != "1 Main St" ||
			got.Address.Country != "GB" {
			t.Errorf("the customer is %+v at %+v", got, got.Address)
		}
		if page := b.visited(all); !strings.Contains(page.says("#details"), "1 Main St, London, GB") {
			t.Errorf("the details are %q", page.says("#details"))
		}
	})
}

func TestACustomerKeepsPaymentMethodsInThePortal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		home := b.portal(sub.Customer, "return_url=http://app.test/")
		past := card("4242424242424242")
		past.Set("expiry", "12/99")
		b.visited(home + "/payment-methods")
		status, _, text := b.submit(home+"/payment-methods", past)
		if page := parsed(t, text); status != http.StatusPaymentRequired ||
			!strings.Contains(page.says("[role=alert]"), "in the past") || page.value("#card", "value") != "4242424242424242" {
			t.Errorf("an expired card: %d %q", status, page.says("[role=alert]"))
		}
		b.acts(home+"/payment-methods", card("5555 5555 5555 4444"))
		page := b.visited(home)
		links := page.all("#methods a.link")
		if len(links) != 2 || !strings.HasPrefix(page.says("#methods li"), "Mastercard •••• 4444") ||
			page.says("#methods .status") != "default" {
			t.Fatalf("the methods are %q", page.says("#methods"))
		}
		fresh, old := stripeHost+links[0].attrs["href"], stripeHost+links[1].attrs["href"]
		if got := b.subscription(sub.ID).DefaultPaymentMethod; !strings.HasSuffix(fresh, got) {
			t.Errorf("the subscription is paid with %s", got)
		}
		if page := b.visited(fresh); page.value("button.danger", "value") != "" {
			t.Error("the default method can be removed")
		}
		if status, _, _ := b.submit(fresh, url.Values{"action": {"remove"}}); status != http.StatusBadRequest {
			t.Errorf("removing the default answers %d", status)
		}
		b.acts(old, url.Values{"action": {"default"}})
		if got := b.Customers()[0].DefaultPaymentMethod; !strings.HasSuffix(old, got) {
			t.Errorf("the default is %s", got)
		}
		mark := b.mark()
		b.acts(fresh, url.Values{"action": {"remove"}})
		if kinds := b.eventsSince(mark); len(kinds) != 1 || kinds[0] != "payment_method.detached" {
			t.Errorf("events are %v", kinds)
		}
		if page := b.visited(home); len(page.all("#methods a.link")) != 1 {
			t.Errorf("the methods are %q", page.says("#methods"))
		}
	})
}

func TestACardThatAsksForAChallengeIsAddedAfterIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		home := b.portal(sub.Customer, "return_url=http://app.test/")
		challenge := b.acts(home+"/payment-methods", card("4000002760003184"))
		if page := b.visited(challenge); page.value("button[value=pass]", "name") != "outcome" {
			t.Errorf("the challenge says %q", page.says("main"))
		}
		if page := b.visited(b.acts(challenge, url.Values{"outcome": {"fail"}})); page.says(
			"h1") != "Add a payment method" || page.says("[role=alert]") == "" {
			t.Errorf("after a failed challenge it says %q", page.says("main"))
		}
		mark := b.mark()
		page := b.visited(b.acts(b.acts(home+"/payment-methods", card("4000002760003184")), url.Values{"outcome": {"pass"}}))
		if page.says("[role=status]") != "The payment method was added." ||
			!strings.HasPrefix(page.says("#methods li"), "Visa •••• 3184 default") {
			t.Errorf("after the challenge it says %q", page.says("main"))
		}
		want := "setup_intent.created setup_intent.requires_action payment_method.attached setup_intent.succeeded customer.updated customer.subscription.updated"
		if got := strings.Join(b.eventsSince(mark), " "); got != want {
			t.Errorf("events are %s", got)
		}
		flow := b.portal(sub.Customer, "return_url=http://app.test/&flow_data[type]=payment_method_update&flow_data[after_completion][type]=redirect"+
			"&flow_data[after_completion][redirect][return_url]=http://app.test/added")
		challenge = b.acts(strings.TrimSuffix(flow, "/flow")+"/payment-methods", card("4000002760003184"))
		outcome := b.acts(challenge, url.Values{"outcome": {"pass"}})
		if status, location, _ := b.get(outcome); status != http.StatusSeeOther || location != "http://app.test/added" {
			t.Errorf("after the flow: %d to %s", status, location)
		}
	})
}

func TestAPortalLinkOfADeletedCustomerIsDead(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.customer("a@example.com")
		home := b.portal(customer.ID, "return_url=http://app.test/")
		if err := b.DeleteCustomer(customer.ID); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{home, home + "/customer", stripeHost + "/p/session/bps_x"} {
			if status, _, _ := b.get(path); status != http.StatusNotFound {
				t.Errorf("%s answers %d", path, status)
			}
		}
	})
}

func TestTheLoginPageOfAPortalOpensASession(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.customer("a@example.com")
		made := b.configuration("features[invoice_history][enabled]=true&login_page[enabled]=true&default_return_url=http://app.test/&business_profile[headline]=Acme")
		login := made["login_page"].(map[string]any)["url"].(string)
		if page := b.visited(login); page.says("p.soft") != "Acme" || page.value("#email", "autocomplete") != "email" {
			t.Errorf("the login page says %q", page.says("main"))
		}
		if status, _, text := b.submit(login, url.Values{"email": {"b@example.com"}}); status != http.StatusNotFound ||
			parsed(t, text).says("[role=alert]") == "" {
			t.Errorf("nobody is let in with %d", status)
		}
		to := b.acts(login, url.Values{"email": {"a@example.com"}})
		if page := b.visited(stripeHost + to); page.says("#who") != "a@example.com" {
			t.Errorf("%s shows %q", to, page.says("main"))
		}
		closed := b.configuration("features[invoice_history][enabled]=true")["id"].(string)
		if status, _, _ := b.get(stripeHost + "/p/login/" + closed); status != http.StatusNotFound {
			t.Errorf("a configuration without login page answers %d", status)
		}
	})
}

func TestAnOpenInvoiceIsPaidOnItsPage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		b.Advance(31*day + 2*time.Hour)
		home := b.portal(sub.Customer, "return_url=http://app.test/")
		page := b.visited(home)
		if page.says(".plan .status") != "past due" || page.says("#invoices .status") != "open" {
			t.Errorf("the first page says %q", page.says("main"))
		}
		invoice := stripeHost + page.value(".plan a.button", "href")
		page = b.visited(invoice)
		if page.says(".total") != "29.00 USD" || page.says(".status") != "open" ||
			page.value("input[name=method]", "value") == "" {
			t.Errorf("the invoice says %q", page.says("main"))
		}
		status, _, text := b.submit(invoice, url.Values{"method": {page.value("input[name=method]", "value")}})
		if status != http.StatusPaymentRequired || parsed(t, text).says("[role=alert]") != "Your card was declined." {
			t.Errorf("a declined card: %d %q", status, parsed(t, text).says("[role=alert]"))
		}
		challenge := b.acts(invoice, card("4000002760003184"))
		if page = b.visited(challenge); !strings.Contains(page.says("main"), "29.00 USD") {
			t.Errorf("the challenge says %q", page.says("main"))
		}
		page = b.visited(b.acts(challenge, url.Values{"outcome": {"fail"}}))
		if page.says(".status") != "open" || !strings.Contains(page.says("[role=alert]"), "unable to authenticate") {
			t.Errorf("after a failed challenge it says %q", page.says("main"))
		}
		if status, _, _ := b.submit(invoice, url.Values{"method": {"pm_stranger"}}); status != http.StatusBadRequest {
			t.Errorf("an unknown method answers %d", status)
		}
		to := b.acts(b.acts(invoice, card("4000002760003184")), url.Values{"outcome": {"pass"}})
		if page = b.visited(to); page.says(".status") != "paid" || page.says("[role=status]") == "" ||
			len(page.all("form")) != 0 {
			t.Errorf("after paying it says %q", page.says("main"))
		}
		if got := b.subscription(sub.ID).Status; got != "active" {
			t.Errorf("the subscription is %s", got)
		}
		charges := len(b.Charges())
		b.acts(invoice, card("4242424242424242"))
		if len(b.Charges()) != charges {
			t.Error("a paid invoice was paid again")
		}
		if status, _, _ := b.get(stripeHost + "/i/in_x"); status != http.StatusNotFound {
			t.Errorf("an unknown invoice answers %d", status)
		}
	})
}
