package acmenotes

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// page returns the text of the home page.
func (k *kit) page() (text string, header http.Header) {
	k.Helper()
	w := k.ask("GET", "/", "")
	if w.Code != http.StatusOK {
		k.Fatalf("home: %d %v", w.Code, w.Header())
	}
	plain := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(w.Body.String(), " "))
	return strings.Join(strings.Fields(plain), " "), w.Header()
}

const until = `"until":"2026-12-30T12:00:00Z"`

// TestEachStateSaysItsDate: whether a plan renews, ends or has ended, with the day.
func TestEachStateSaysItsDate(t *testing.T) {
	t.Parallel()
	reason := func(status string) string {
		return `"reasons":[{"object":"subscription","id":"sub_1","status":"` + status + `","plan":"pro","grants":true,"why":"paid",` +
			until + `}]`
	}
	running := func(status, more string) string {
		return `"active":true,"plan":"pro","status":"` + status + `",` + more + reason(status)
	}
	const buy = "Choose a plan"
	for name, c := range map[string]struct {
		access string
		want   string
		offers bool
	}{
		"active":         {running("active", until+","), "Active pro Renews on December 30, 2026", false},
		"ending":         {running("active", until+`,"ending":true,`), "Ending pro Ends on December 30, 2026", false},
		"trial":          {running("trialing", until+","), "your first payment is due, on December 30, 2026", false},
		"trial, ending":  {running("trialing", until+`,"ending":true,`), "Your trial ends on December 30, 2026", false},
		"past due":       {running("past_due", until+","), "Payment failed pro Your last payment failed", false},
		"lifetime":       {running("licensed", ""), "Yours for life.", false},
		"pass":           {running("licensed", until+","), "Active pro Ends on December 30, 2026", false},
		"ended":          {`"status":"canceled",` + reason("canceled"), "Ended free Ended on December 30, 2026", true},
		"expired pass":   {`"status":"none",` + reason("active"), "Ended free Ended on December 30, 2026", true},
		"unpaid":         {`"status":"unpaid",` + reason("unpaid"), "Your payment failed, and your plan has stopped", false},
		"grace is over":  {`"status":"past_due",` + reason("past_due"), "your plan has stopped", false},
		"first payment":  {`"status":"incomplete",` + reason("incomplete"), "Your payment is not confirmed yet", true},
		"bank":           {`"status":"none",` + reason("pending"), "Your payment is not confirmed yet", true},
		"paused":         {`"status":"paused",` + reason("paused"), "Your subscription is paused", true},
		"refunded":       {`"status":"none",` + reason("refunded"), "Your payment was refunded", true},
		"never paid":     {`"status":"incomplete_expired",` + reason("incomplete_expired"), "You were not charged", true},
		"without a date": {`"status":"canceled","reasons":[{"status":"canceled"}]`, "Your plan has ended.", true},
		"nothing":        {`"status":"none","reasons":[]`, "You have not bought anything yet.", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			k.account = `{"access":{` + c.access + `}}`
			k.signIn("ada")
			page, _ := k.page()
			if !strings.Contains(page, c.want) || strings.Contains(page, buy) != c.offers {
				t.Errorf("no %q, or not offers %t, in %s", c.want, c.offers, page)
			}
			if strings.Contains(page, "Renews") != (name == "active") {
				t.Errorf("says that it renews: %s", page)
			}
		})
	}
}

// TestThePageWaitsAndSaysWhy: for Lockstep, and for a session token that is older than Lockstep's answer.
func TestThePageWaitsAndSaysWhy(t *testing.T) {
	t.Parallel()
	pro := `{"access":{"active":true,"plan":"pro","status":"active","reasons":[{"id":"sub_1"}]},"pending":`
	for account, want := range map[string]struct{ text, refresh string }{
		"":            {"Your account is being set up", "2"},
		pro + "true}": {"Your session token is out of date: its plan is free . This page reloads", "2"},
		pro + "false}": {"Your session token is out of date: its plan is free . Lockstep has finished, so reload the page",
			""},
		`{"access":{"reasons":[]},"pending":true}`: {"You have not bought anything yet", ""},
	} {
		k := start(t)
		k.account = account
		k.signIn("ada")
		page, header := k.page()
		if !strings.Contains(strings.ReplaceAll(page, " .", "."), strings.ReplaceAll(want.text, " .", ".")) ||
			header.Get("Refresh") != want.refresh {
			t.Errorf("%s: refresh %q, %s", account, header.Get("Refresh"), page)
		}
	}
}

// TestPricesAreAsPeopleWriteThem.
func TestPricesAreAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for want, offer := range map[string]Offer{
		"$20.00 per month":   offers[0],
		"$300.00 once":       offers[1],
		"€1,234.05 per year": {Amount: 123405, Currency: "eur", Interval: "year"},
		"CHF 0.50 once":      {Amount: 50, Currency: "chf"},
	} {
		if got := offer.Price(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	k := start(t)
	if page, _ := k.page(); !strings.Contains(page, "Pro $20.00 per month Lifetime $300.00 once") {
		t.Errorf("the page has other prices: %s", page)
	}
	if w := k.ask("POST", "/buy", "plan=free_stuff"); w.Code == http.StatusOK {
		t.Error("something else is for sale")
	}
}

// TestNamesAreOnlyText: what others choose is never markup, and the policy runs no script anyway.
func TestNamesAreOnlyText(t *testing.T) {
	t.Parallel()
	const evil = `\"><script>alert(1)</script><img src=x onerror=alert(1)>`
	k := start(t)
	k.person = `{"first_name":"` + evil + `","last_name":"Lovelace","primary_email_address_id":"idn_2","email_addresses":[` +
		`{"id":"idn_1","email_address":"old@example.com"},{"id":"idn_2","email_address":"` + evil + `"}]}`
	k.account = `{"access":{"active":true,"plan":"` + evil + `","status":"active","features":["` + evil + `"],` +
		`"limits":{"` + evil + `":5},"reasons":[{"object":"` + evil + `","id":"` + evil + `","plan":"` + evil +
		`","why":"` + evil + `"}]},"customer_id":"` + evil + `"}`
	k.signIn("ada")
	w := k.ask("GET", "/", "")
	if body := w.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "<img") ||
		strings.Count(body, "&lt;script&gt;") < 9 || strings.Contains(body, "old@example.com") {
		t.Errorf("the page is %s", body)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https://checkout.stripe.com ") ||
		strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
		t.Errorf("policy %q", policy)
	}
}

// TestTheAppHasALookOfItsOwn, which a configured style sheet replaces.
func TestTheAppHasALookOfItsOwn(t *testing.T) {
	t.Parallel()
	k := start(t)
	for path, want := range map[string]string{"/style.css": ".card {", "/icon.svg": "<svg"} {
		if body := k.ask("GET", path, "").Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s: %s", path, body)
		}
	}
	k.app = New(Config{Style: "b{}", Icon: "<svg id=mine />"})
	if body := k.ask("GET", "/style.css", "").Body.String(); !strings.HasPrefix(body, "b{}") {
		t.Errorf("style %s", body)
	}
	if w := k.ask("GET", "/icon.svg", ""); w.Body.String() != "<svg id=mine />" ||
		w.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("icon %v %s", w.Header(), w.Body)
	}
}
