package simtest

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// before makes a customer from before Lockstep, with a subscription.
func (w *world) before(email string, more url.Values) (id string) {
	w.t.Helper()
	form := url.Values{"email": {email}, "payment_method": {"pm_card_visa"},
		"invoice_settings[default_payment_method]": {"pm_card_visa"}}
	for key, values := range more {
		form[key] = values
	}
	var customer struct{ ID string }
	w.stripe("/v1/customers", form, &customer)
	w.stripe("/v1/subscriptions", url.Values{"customer": {customer.ID}, "items[0][price]": {w.prices["pro"]}}, nil)
	return customer.ID
}

// newest is the id of the subscription that was begun last.
func (w *world) newest() string {
	all := w.sim.Subscriptions()
	return all[len(all)-1].ID
}

// TestACustomerFromBeforeIsAdoptedByAddress: only where that was turned on, where there
// is just one, and where it is nobody else's.
func TestACustomerFromBeforeIsAdoptedByAddress(t *testing.T) {
	for _, on := range []bool{true, false} {
		t.Run(map[bool]string{true: "on", false: "off"}[on], func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.service.end(t)
				w.change = func(c *server.Config) { c.Customers.AdoptByEmail = on }
				w.service = w.boot()
				one := w.before("one@example.com", nil)
				w.before("two@example.com", nil)
				w.before("two@example.com", nil)
				w.before("theirs@example.com", url.Values{"metadata[clerkUserId]": {"user_somebody"}})
				// Each of these paid for somebody else with their own address, and only what hangs on the
				// customer says so.
				w.before("payer@example.com", nil)
				w.dashboard("/v1/subscriptions/"+w.newest(), url.Values{"metadata[orgId]": {"org_somebody"}})
				linker := w.before("linker@example.com", nil)
				w.stripe("/v1/checkout/sessions", url.Values{"mode": {"payment"}, "line_items[0][price]": {w.prices["life"]},
					"line_items[0][quantity]": {"1"},
					"success_url":             {"https://app.test/"}, "customer": {linker}, "client_reference_id": {"org_somebody"}},
					nil)
				gone := w.before("gone@example.com", nil)
				if err := w.sim.DeleteCustomer(gone); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				for email, adopted := range map[string]bool{"one@example.com": on, "two@example.com": false,
					"theirs@example.com": false, "payer@example.com": false,
					"linker@example.com": false, "gone@example.com": false} {
					user := w.mustSignUp(email)
					time.Sleep(time.Minute)
					a := w.ask("user/" + user)
					if a.Access.Active != adopted || adopted && a.CustomerID != one || a.CustomerID == "" {
						t.Errorf("%s: %+v", email, a)
					}
				}
				// Somebody whose address becomes that of a customer who is linked gets nothing by it.
				late := w.mustSignUp("late@example.com")
				time.Sleep(time.Minute)
				if a := w.ask("user/" + late); a.CustomerID == one || a.Access.Active {
					t.Errorf("late: %+v", a)
				}
			})
		})
	}
}

func (w *world) link(object, account string) int {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/links", apiKey,
		map[string]any{"object": object, "account": account}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// TestAnOperatorSaysWhoseSomethingIs: of a customer and of a guest's payment that
// nothing else tells of; and not of what is somebody's already.
func TestAnOperatorSaysWhoseSomethingIs(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada, eve := w.mustSignUp("ada@example.com"), w.mustSignUp("eve@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		customer := w.before("unknown@example.com", nil)
		var session struct{ ID string }
		w.stripe("/v1/checkout/sessions", url.Values{"mode": {"payment"}, "line_items[0][price]": {w.prices["life"]},
			"line_items[0][quantity]": {"1"},
			"success_url":             {"https://app.test/"}}, &session)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if len(w.parked()) == 0 {
			t.Error("nothing is parked")
		}
		for _, c := range []struct {
			object, account string
			status          int
		}{
			{customer, "user/user_nobody", http.StatusNotFound},
			{"sub_1", "user/" + ada, http.StatusUnprocessableEntity},
			{customer, "organization/" + org.ID, http.StatusAccepted},
			{session.ID, "user/" + ada, http.StatusAccepted},
		} {
			if status := w.link(c.object, c.account); status != c.status {
				t.Errorf("link %s to %s: %d, want %d", c.object, c.account, status, c.status)
			}
		}
		time.Sleep(time.Minute)
		if a := w.ask("organization/" + org.ID); a.CustomerID != customer || a.Access.Plan != "pro" {
			t.Errorf("the organization: %+v", a)
		}
		if a := w.ask("user/" + ada); a.Access.Plan != "life" {
			t.Errorf("ada: %+v", a)
		}
		if reasons := w.parked(); len(reasons) > 0 {
			t.Errorf("still parked: %v", reasons)
		}
		for _, object := range []string{customer, session.ID} {
			if status := w.link(object, "user/"+eve); status != http.StatusConflict {
				t.Errorf("link %s to eve: %d", object, status)
			}
		}
		time.Sleep(time.Minute)
		if a := w.ask("user/" + eve); a.Access.Active {
			t.Errorf("eve: %+v", a)
		}
	})
}
