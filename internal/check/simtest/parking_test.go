package simtest

import (
	"net/url"
	"testing"
	"time"
)

// TestUnownedEventsWaitForALink: a payment link's customer belongs to no account until someone links it. Then
// Lockstep processes everything about it.
func TestUnownedEventsWaitForALink(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		var session struct{ ID string }
		w.stripe("/v1/checkout/sessions", url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices["pro"]},
			"line_items[0][quantity]": {"1"}, "success_url": {"https://app.test/"}, "customer_email": {"ada@example.com"}},
			&session)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if reasons := w.parked(); reasons["nothing names the account of this customer"] < 5 {
			t.Errorf("parked: %v", reasons)
		}
		if a := w.ask("user/" + ada); a.Access.Active {
			t.Error("a user got access by having the same e-mail address")
		}

		customer := w.sim.Subscriptions()[0].Customer
		w.stripe("/v1/customers/"+customer, url.Values{"metadata[clerkOrgId]": {org.ID}}, nil)
		time.Sleep(time.Minute)
		if reasons := w.parked(); len(reasons) != 0 {
			t.Errorf("still parked: %v", reasons)
		}
		if a := w.ask("organization/" + org.ID); !a.Access.Active || a.Access.Plan != "pro" || a.CustomerID != customer {
			t.Errorf("the organization has %+v", a)
		}

		// Later metadata does not move it to another account.
		w.stripe("/v1/customers/"+customer, url.Values{"metadata[clerkOrgId]": {""}, "metadata[clerkUserId]": {ada}}, nil)
		time.Sleep(25 * time.Hour)
		if a := w.ask("user/" + ada); a.Access.Active || a.CustomerID == customer {
			t.Errorf("the customer was moved: %+v", a)
		}
	})
}

// TestAPaymentBeforeItsBuyerIsKnown: the checkout names an organization before any event about it.
func TestAPaymentBeforeItsBuyerIsKnown(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.sim.SetClerkWebhooks(nil) // Clerk's events are lost from now on
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"life", "basic"} {
			var session struct{ ID string }
			mode := map[string]string{"life": "payment", "basic": "subscription"}[key]
			w.stripe("/v1/checkout/sessions", url.Values{"mode": {mode}, "line_items[0][price]": {w.prices[key]},
				"client_reference_id": {org.ID},
				"customer_email":      {"ada@example.com"}, "line_items[0][quantity]": {"1"}, "success_url": {"https://app.test/"}},
				&session)
			if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if a := w.ask("organization/" + org.ID); !a.Access.Active || a.Access.Plan != "life" || len(a.Access.Reasons) != 2 {
			t.Errorf("the organization has %+v", a)
		}
		if reasons := w.parked(); len(reasons) != 0 {
			t.Errorf("parked: %v", reasons)
		}
	})
}

// TestAReferenceAloneGivesNoCustomerAway: anyone with a payment link can write another account's reference into it.
// That may grant the account access, but the customer never becomes its primary one. Otherwise the payer would get
// the receipts of what the organization buys later.
func TestAReferenceAloneGivesNoCustomerAway(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada, eve := w.mustSignUp("ada@example.com"), w.mustSignUp("eve@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		account := "organization/" + org.ID
		link := func(key, email string) {
			t.Helper()
			var session struct{ ID string }
			mode := map[string]string{"life": "payment", "basic": "subscription"}[key]
			w.stripe("/v1/checkout/sessions", url.Values{"mode": {mode}, "line_items[0][price]": {w.prices[key]},
				"client_reference_id": {org.ID},
				"customer_email":      {email}, "line_items[0][quantity]": {"1"}, "success_url": {"https://app.test/"}}, &session)
			if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		link("basic", "eve@example.com")
		if a := w.ask(account); a.CustomerID != "" || a.Access.Plan != "basic" {
			t.Errorf("after eve's gift: %+v", a)
		}
		if m := w.publicOf(org.ID); m["stripeCustomerId"] != nil || m["stripeSubscriptionId"] != nil || m["plan"] != "basic" {
			t.Errorf("eve's customer is in the organization's metadata: %v", m)
		}
		if a := w.ask("user/" + eve); a.Access.Active {
			t.Errorf("eve has %+v", a)
		}
		if reasons := w.parked(); len(reasons) != 0 {
			t.Errorf("parked: %v", reasons)
		}
		link("life", "eve@example.com")
		if a := w.ask(account); a.CustomerID != "" || a.Access.Plan != "life" {
			t.Errorf("after eve's gift: %+v", a)
		}
		w.mustBuy(account, "pro")
		time.Sleep(time.Minute)
		a := w.ask(account)
		for _, c := range w.sim.Customers() {
			if c.ID == a.CustomerID && c.Email == "eve@example.com" || a.CustomerID == "" {
				t.Errorf("the organization buys with %+v", c)
			}
		}
		// The founder's own address is evidence.
		if org, err = w.sim.CreateOrganization("Looms", ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		link("basic", "Ada@example.com")
		if a := w.ask("organization/" + org.ID); a.CustomerID == "" || a.Access.Plan != "basic" {
			t.Errorf("by the founder's address: %+v", a)
		}
	})
}

// TestALicenseStaysWithItsAccount: the payment's customer is linked to another account after the license was granted.
// A refund still reaches the license.
func TestALicenseStaysWithItsAccount(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var customer, session struct{ ID string }
		w.stripe("/v1/customers", url.Values{"email": {"somebody@example.com"}}, &customer)
		w.stripe("/v1/checkout/sessions", url.Values{"mode": {"payment"}, "line_items[0][price]": {w.prices["life"]},
			"line_items[0][quantity]": {"1"},
			"client_reference_id":     {ada}, "customer": {customer.ID}, "success_url": {"https://app.test/"}}, &session)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if a := w.ask("user/" + ada); a.Access.Plan != "life" {
			t.Fatalf("after the payment: %+v", a)
		}
		w.stripe("/v1/customers/"+customer.ID, url.Values{"metadata[clerkOrgId]": {org.ID}}, nil)
		// A subscription proves that the customer is the organization's.
		w.stripe("/v1/checkout/sessions", url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices["basic"]},
			"line_items[0][quantity]":                 {"1"},
			"subscription_data[metadata][clerkOrgId]": {org.ID}, "customer": {customer.ID},
			"success_url": {"https://app.test/"}}, &session)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if a := w.ask("organization/" + org.ID); a.CustomerID != customer.ID {
			t.Fatalf("the customer is not the organization's: %+v", a)
		}
		if err := w.sim.Refund(w.sim.Charges()[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if a := w.ask("user/" + ada); a.Access.Active {
			t.Errorf("after the refund: %+v", a)
		}
		if a := w.ask("organization/" + org.ID); a.Access.Plan != "basic" {
			t.Errorf("the organization has %+v", a)
		}
	})
}

// TestAMonthAwayHidesNoRefund: Stripe keeps events for 30 days. Lockstep still sees older refunds, of a deleted
// customer and of a guest, too.
func TestAMonthAwayHidesNoRefund(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada, bob := w.mustSignUp("ada@example.com"), w.mustSignUp("bob@example.com")
		time.Sleep(time.Minute)
		pay := func(form url.Values) {
			t.Helper()
			var session struct{ ID string }
			form.Set("mode", "payment")
			form.Set("line_items[0][price]", w.prices["life"])
			form.Set("line_items[0][quantity]", "1")
			form.Set("success_url", "https://app.test/")
			w.stripe("/v1/checkout/sessions", form, &session)
			if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
		}
		customer := w.ask("user/" + ada).CustomerID
		pay(url.Values{"customer": {customer}, "client_reference_id": {ada}})
		pay(url.Values{"client_reference_id": {bob}})
		time.Sleep(3 * 24 * time.Hour)
		for _, who := range []string{ada, bob} {
			if a := w.ask("user/" + who); a.Access.Plan != "life" {
				t.Fatalf("after the payment: %+v", a)
			}
		}

		w.service.end(t)
		for _, c := range w.sim.Charges() {
			if err := w.sim.Refund(c.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.sim.DeleteCustomer(customer); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * 24 * time.Hour)
		w.service = w.boot()
		time.Sleep(24 * time.Hour)
		for _, who := range []string{ada, bob} {
			if a := w.ask("user/" + who); a.Access.Active {
				t.Errorf("after the refund: %+v", a)
			}
		}
	})
}

// publicOf returns an organization's public metadata.
func (w *world) publicOf(organization string) map[string]any {
	w.t.Helper()
	for _, o := range w.sim.Organizations() {
		if o.ID == organization {
			return o.Public
		}
	}
	w.t.Fatalf("there is no organization %s", organization)
	return nil
}
