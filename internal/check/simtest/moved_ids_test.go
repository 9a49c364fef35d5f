package simtest

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestFormerIDsAtStripeHideNoCustomer: an app moved its users to Clerk, or to another instance, before it had
// Lockstep. Stripe's metadata names ids that no longer exist; Clerk's private metadata names the customers.
func TestFormerIDsAtStripeHideNoCustomer(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		c1 := b.customer("one@example.com", url.Values{"metadata[userId]": {"42"}}, nil)
		c2 := b.customer("two@example.com", nil, url.Values{"metadata[clerkUserId]": {"user_dev"}})
		one, two := b.user("one@example.com", map[string]any{"stripeCustomerId": c1}), b.user("two@example.com",
			map[string]any{"stripeCustomerId": c2})
		// A user's metadata names someone else's customer by mistake. It stays with its owner.
		eve := b.mustSignUp("eve@example.com")
		b.clerk(http.MethodPatch, "/v1/users/"+eve+"/metadata",
			map[string]any{"private_metadata": map[string]any{"stripeCustomerId": b.customer("three@example.com",
				url.Values{"metadata[userId]": {one}}, nil)}})
		// The organization was deleted; a member's metadata names the customer with which they paid for it.
		mine := b.customer("office@example.com", url.Values{"metadata[orgId]": {"org_gone"}}, nil)
		member := b.mustSignUp("member@example.com")
		b.clerk(http.MethodPatch, "/v1/users/"+member+"/metadata",
			map[string]any{"public_metadata": map[string]any{"stripeCustomerId": mine}})
		b.open(b.yearly)
		time.Sleep(time.Hour)
		b.has("user/"+two, c2)
		for _, account := range []string{eve, member} {
			if a := b.ask("user/" + account); a.Access.Active {
				t.Errorf("%s has access by someone else's purchase: %+v", account, a)
			}
		}
		if a := b.ask("user/" + one); a.CustomerID == "" || len(a.Access.Reasons) != 2 {
			t.Errorf("one: %+v", a)
		}
		if r := b.state().Report; r.Linked.Count != 3 || r.Unlinked.Count != 1 {
			t.Errorf("the report: %+v", r)
		}
		time.Sleep(3 * 24 * time.Hour)
		b.unharmed(6) // eve and the member get new ones
	})
}

// TestAFormerIDOfANewUser: the same for a user who is imported while Lockstep runs, and for one whose former id is
// that of a known account.
func TestAFormerIDOfANewUser(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		theirs := w.before("new@example.com", url.Values{"metadata[userId]": {"42"}})
		hers := w.before("ada@example.com", url.Values{"metadata[userId]": {ada}})
		w.service.end(t)
		for email, customer := range map[string]string{"new@example.com": theirs, "eve@example.com": hers} {
			user := w.mustSignUp(email)
			w.clerk(http.MethodPatch, "/v1/users/"+user+"/metadata",
				map[string]any{"private_metadata": map[string]any{"stripeCustomerId": customer}})
		}
		w.service = w.boot()
		time.Sleep(25 * time.Hour)
		for _, u := range w.sim.Users() {
			a := w.ask("user/" + u.ID)
			if is := a.CustomerID == theirs && a.Access.Active; is != (u.Email == "new@example.com") {
				t.Errorf("%s: %+v", u.Email, a)
			}
			if u.Email == "eve@example.com" && (a.Access.Active || a.CustomerID == hers) {
				t.Errorf("eve has ada's access: %+v", a)
			}
		}
	})
}

// TestIDsOfTheAppsOwnDatabase: such ids in metadata name no account, so other evidence counts: a session's reference,
// or other metadata. Without other evidence, they wait for their account.
func TestIDsOfTheAppsOwnDatabase(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada, eve := w.mustSignUp("ada@example.com"), w.mustSignUp("eve@example.com")
		time.Sleep(time.Minute)
		pay := func(form url.Values) {
			t.Helper()
			form.Set("line_items[0][quantity]", "1")
			form.Set("success_url", "https://app.test/")
			var session struct{ ID string }
			w.stripe("/v1/checkout/sessions", form, &session)
			if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		pay(url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices["basic"]}, "metadata[userId]": {"42"},
			"subscription_data[metadata][userId]": {"42"},
			"client_reference_id":                 {ada}, "customer_email": {"ada@example.com"}})
		pay(url.Values{"mode": {"payment"}, "line_items[0][price]": {w.prices["life"]}, "metadata[userId]": {"42"},
			"client_reference_id": {ada}})
		if a := w.ask("user/" + ada); a.Access.Plan != "life" || len(a.Access.Reasons) != 2 {
			t.Errorf("ada: %+v", a)
		}
		// The session names one user, the subscription the other.
		pay(url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices["basic"]}, "metadata[clerkUserId]": {eve},
			"subscription_data[metadata][userId]": {"43"},
			"customer_email":                      {"eve@example.com"}})
		if a := w.ask("user/" + eve); a.Access.Plan != "basic" {
			t.Errorf("eve: %+v", a)
		}
		if parked := w.parked(); len(parked) != 0 {
			t.Errorf("parked: %v", parked)
		}
		pay(url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices["basic"]}, "metadata[userId]": {"44"}})
		if parked := w.parked(); parked["the directory does not know user/44"] == 0 {
			t.Errorf("parked: %v", parked)
		}
	})
}

// TestAnAmbiguousCustomerByFormerIDs takes no access from the accounts that it could belong to; it names them by
// their external ids.
func TestAnAmbiguousCustomerByFormerIDs(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		ada, eve := b.user("ada@example.com", nil), b.user("eve@example.com", nil)
		for id, former := range map[string]string{ada: "42", eve: "43"} {
			b.clerk(http.MethodPatch, "/v1/users/"+id, map[string]any{"external_id": former})
		}
		ambiguous := b.customer("ada@example.com", nil, url.Values{"metadata[userId]": {"42"}})
		b.stripe("/v1/subscriptions", url.Values{"customer": {ambiguous}, "items[0][price]": {b.prices["pro"]},
			"metadata[userId]": {"43"}}, nil)
		// The same customer paid before and after the move: two ids of one user.
		bob := b.user("bob@example.com", nil)
		b.clerk(http.MethodPatch, "/v1/users/"+bob, map[string]any{"external_id": "44"})
		hers := b.customer("bob@example.com", nil, url.Values{"metadata[userId]": {"44"}})
		b.stripe("/v1/subscriptions", url.Values{"customer": {hers}, "items[0][price]": {b.prices["pro"]},
			"metadata[clerkUserId]": {bob}}, nil)
		b.open(b.yearly)
		time.Sleep(26 * time.Hour)
		if r := b.state().Report; r.Ambiguous.Count != 1 || r.Linked.Count != 1 {
			t.Errorf("the report: %+v", r)
		}
		b.has("user/"+bob, hers)
		b.unharmed(2)
	})
}

// TestMetadataNamesUsersByTheirExternalIDs while Lockstep runs: an existing user, and one who is imported after they
// paid.
func TestMetadataNamesUsersByTheirExternalIDs(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		import42 := func(email, id string) (user string) {
			t.Helper()
			var made struct{ ID string }
			if status, err := w.call(t.Context(), http.MethodPost, "http://"+clerkHost+"/v1/users", clerkKey,
				map[string]any{"email_address": []string{email}, "external_id": id, "skip_password_requirement": true},
				&made); err != nil || status != http.StatusOK {
				t.Fatalf("import: %d %v", status, err)
			}
			time.Sleep(time.Minute)
			return made.ID
		}
		pay := func(id string) {
			t.Helper()
			for mode, key := range map[string]string{"subscription": "basic", "payment": "life"} {
				var session struct{ ID string }
				w.stripe("/v1/checkout/sessions", url.Values{"mode": {mode}, "line_items[0][price]": {w.prices[key]},
					"line_items[0][quantity]": {"1"},
					"metadata[userId]":        {id}, "success_url": {"https://app.test/"}}, &session)
				if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
		}
		ada := import42("ada@example.com", "42")
		pay("42")
		pay("43")
		eve := import42("eve@example.com", "43")
		time.Sleep(time.Hour)
		for _, user := range []string{ada, eve} {
			if a := w.ask("user/" + user); a.Access.Plan != "life" || len(a.Access.Reasons) != 2 || a.CustomerID == "" {
				t.Errorf("%s: %+v", user, a)
			}
		}
		if parked := w.parked(); len(parked) != 0 {
			t.Errorf("parked: %v", parked)
		}
	})
}
