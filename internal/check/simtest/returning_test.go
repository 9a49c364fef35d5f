package simtest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// TestWhoComesBackKeepsWhatTheyPayFor with the customer that they had before their account was
// deleted: many applications look a customer up by its address.
func TestWhoComesBackKeepsWhatTheyPayFor(t *testing.T) {
	for _, policy := range []server.DeletionPolicy{server.CancelSubscriptions, server.EndSubscriptions,
		server.KeepBilling} {
		t.Run(string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Users: policy} })
				former := w.mustSignUp("ada@example.com")
				w.mustSignUp("eve@example.com")
				time.Sleep(time.Minute)
				w.mustBuy("user/"+former, "basic")
				time.Sleep(time.Minute)
				customer := w.ask("user/" + former).CustomerID
				if err := w.sim.DeleteUser(former); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if a := w.ask("user/" + former); a.State != "deleted" || w.isDeleted(customer) {
					t.Fatalf("the former account: %+v", a)
				}
				ada := w.mustSignUp("ada@example.com")
				time.Sleep(time.Minute)
				var session struct{ ID string }
				w.stripe("/v1/checkout/sessions", url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices["pro"]},
					"line_items[0][quantity]": {"1"},
					"customer":                {customer}, "subscription_data[metadata][clerkUserId]": {ada},
					"success_url": {"https://app.test/"}},
					&session)
				if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(25 * time.Hour)
				if a := w.ask("user/" + ada); a.Access.Plan != "pro" || a.Access.Ending {
					t.Errorf("ada: %+v, parked %v", a, w.parked())
				}
				if a := w.ask("user/" + former); a.Access.Active || a.State != "deleted" {
					t.Errorf("the former account: %+v", a)
				}
			})
		})
	}
}

// TestAnOrganizationOutlivesWhoPaysForIt with the customer of their own account: what is their
// own ends by the policy, and the organization has the customer.
func TestAnOrganizationOutlivesWhoPaysForIt(t *testing.T) {
	for policy, own := range map[server.DeletionPolicy]string{server.DeleteCustomer: "canceled",
		server.CancelSubscriptions: "canceled", server.KeepBilling: "active"} {
		t.Run(string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Users: policy} })
				ada, eve := w.mustSignUp("ada@example.com"), w.mustSignUp("eve@example.com")
				org, err := w.sim.CreateOrganization("Engines", eve)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				w.mustBuy("user/"+ada, "basic")
				time.Sleep(time.Minute)
				customer, hers := w.ask("user/"+ada).CustomerID, w.newest()
				var session struct{ ID string }
				w.stripe("/v1/checkout/sessions", url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices["pro"]},
					"line_items[0][quantity]": {"1"},
					"customer":                {customer}, "subscription_data[metadata][clerkOrgId]": {org.ID},
					"success_url": {"https://app.test/"}}, &session)
				if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(25 * time.Hour)
				if a := w.ask("organization/" + org.ID); a.Access.Plan != "pro" || a.CustomerID != customer {
					t.Errorf("the organization: %+v, parked %v", a, w.parked())
				}
				for _, s := range w.sim.Subscriptions() {
					if want := map[bool]string{true: own, false: "active"}[s.ID == hers]; s.Status != want {
						t.Errorf("the subscription %s is %s, want %s", s.ID, s.Status, want)
					}
				}
				if a := w.ask("user/" + ada); a.State != "deleted" || a.Problem != "" || w.isDeleted(customer) {
					t.Errorf("ada: %+v", a)
				}
			})
		})
	}
}

// TestWhoMovedOutlivesTheirFormerId: the former instance's users are deleted after a move that
// Lockstep was not told of. Their former ids are the external ids of who pays.
func TestWhoMovedOutlivesTheirFormerId(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		former := w.mustSignUp("former@example.com")
		w.mustSignUp("eve@example.com")
		time.Sleep(time.Minute)
		if err := w.sim.DeleteUser(former); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		ada := w.mustSignUp("ada@example.com")
		w.clerk(http.MethodPatch, "/v1/users/"+ada, map[string]any{"external_id": former})
		time.Sleep(time.Minute)
		customer := w.before("ada@example.com", url.Values{"metadata[clerkUserId]": {former}})
		time.Sleep(25 * time.Hour)
		if a := w.ask("user/" + ada); w.isDeleted(customer) || a.Access.Plan != "pro" {
			t.Errorf("the customer is deleted=%v; ada: %+v", w.isDeleted(customer), a)
		}
	})
}

// TestMetadataThatNamesNobodyKeepsNoBilling: ids of the app's own database name the deleted
// account, or nobody, and no other account pays with its customer.
func TestMetadataThatNamesNobodyKeepsNoBilling(t *testing.T) {
	for name, external := range map[string]string{"an external id": "42", "an id of nobody": ""} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				ada := w.mustSignUp("ada@example.com")
				w.mustSignUp("eve@example.com")
				if external != "" {
					w.clerk(http.MethodPatch, "/v1/users/"+ada, map[string]any{"external_id": external})
				}
				time.Sleep(time.Minute)
				w.give(ada, "basic", "ada@example.com", url.Values{"subscription_data[metadata][userId]": {"42"}})
				paying := w.sim.Subscriptions()[0].Customer
				if a := w.ask("user/" + ada); a.Access.Plan != "basic" {
					t.Fatalf("ada: %+v", a)
				}
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(25 * time.Hour)
				if a := w.ask("user/" + ada); !w.isDeleted(paying) || a.State != "deleted" {
					t.Errorf("the customer is deleted=%v: %+v, parked %v", w.isDeleted(paying), a, w.parked())
				}
			})
		})
	}
}

// TestWhoComesBackHasTheLicenseThatTheyPayFor with the customer of their deleted account.
func TestWhoComesBackHasTheLicenseThatTheyPayFor(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Users: server.CancelSubscriptions} })
		former := w.mustSignUp("ada@example.com")
		w.mustSignUp("eve@example.com")
		time.Sleep(time.Minute)
		customer := w.ask("user/" + former).CustomerID
		w.mustBuy("user/"+former, "pass")
		time.Sleep(time.Minute)
		if err := w.sim.DeleteUser(former); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		for _, named := range []url.Values{{"metadata[clerkUserId]": {ada}}, {"metadata[userId]": {"user_nobody"}}, {}} {
			form := url.Values{"mode": {"payment"}, "line_items[0][price]": {w.prices["life"]}, "line_items[0][quantity]": {"1"},
				"customer": {customer}, "success_url": {"https://app.test/"}}
			for key, values := range named {
				form[key] = values
			}
			var session struct{ ID string }
			w.stripe("/v1/checkout/sessions", form, &session)
			if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if a := w.ask("user/" + ada); a.Access.Plan != "life" || len(a.Access.Reasons) != 1 {
			t.Errorf("ada: %+v", a)
		}
		if a := w.ask("user/" + former); a.Access.Active || len(a.Access.Reasons) != 3 {
			t.Errorf("the former account: %+v, parked %v", a, w.parked())
		}
	})
}
