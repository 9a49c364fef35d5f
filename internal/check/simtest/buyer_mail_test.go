package simtest

import (
	"maps"
	"net/url"
	"testing"
	"time"
)

// addressed counts the e-mails to each address.
func (w *world) addressed() map[string]int {
	w.mailServer.mu.Lock()
	defer w.mailServer.mu.Unlock()
	to := map[string]int{}
	for _, address := range w.mailServer.to {
		to[address]++
	}
	return to
}

// TestAPurchaseIsMailedToTheAccountAndTheBuyer: the address typed at checkout differs from the account's, or is the
// same, for a one-time payment and for a subscription.
func TestAPurchaseIsMailedToTheAccountAndTheBuyer(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada, bea, cleo := w.mustSignUp("ada@example.com"), w.mustSignUp("bea@example.com"), w.mustSignUp("cleo@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		bought := func(mode, key, typed string, more url.Values) {
			var session struct{ ID string }
			form := url.Values{"mode": {mode}, "line_items[0][price]": {w.prices[key]}, "line_items[0][quantity]": {"1"},
				"success_url": {"https://app.test/"}, "customer_email": {typed}}
			maps.Copy(form, more)
			w.stripe("/v1/checkout/sessions", form, &session)
			if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
		}
		bought("subscription", "pro", "office@example.com", url.Values{"metadata[clerkOrgId]": {org.ID},
			"metadata[clerkUserId]":                   {ada},
			"subscription_data[metadata][clerkOrgId]": {org.ID}, "subscription_data[metadata][clerkUserId]": {ada}})
		bought("payment", "life", "home@example.com", url.Values{"metadata[clerkUserId]": {bea}})
		bought("payment", "life", "Cleo@Example.com", url.Values{"metadata[clerkUserId]": {cleo}})
		time.Sleep(time.Hour) // the mail server is sometimes busy
		want := map[string]int{"ada@example.com": 1, "office@example.com": 1, "bea@example.com": 1, "home@example.com": 1,
			"cleo@example.com": 1}
		if got := w.addressed(); !maps.Equal(got, want) {
			t.Errorf("e-mails went to %v, want %v", got, want)
		}
	})
}
