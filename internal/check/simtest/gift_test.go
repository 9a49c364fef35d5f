package simtest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// give pays a subscription by payment link, with an address, for the account that the reference names.
func (w *world) give(reference, lookupKey, email string, more url.Values) {
	w.t.Helper()
	form := url.Values{"mode": {"subscription"}, "line_items[0][price]": {w.prices[lookupKey]},
		"client_reference_id": {reference},
		"customer_email":      {email}, "line_items[0][quantity]": {"1"}, "success_url": {"https://app.test/"}}
	for key, values := range more {
		form[key] = values
	}
	var session struct{ ID string }
	w.stripe("/v1/checkout/sessions", form, &session)
	if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

// portal opens the portal and returns the form that Lockstep sent to Stripe.
func (w *world) portal(account, flow string) url.Values {
	w.t.Helper()
	body := map[string]any{"account": account, "return_url": "https://app.test/"}
	if flow != "" {
		body["flow"] = flow
	}
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/portal", apiKey, body, nil)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("portal: %d %v", status, err)
	}
	history := w.sim.History()
	for i := len(history) - 1; i >= 0; i-- {
		if e := history[i]; e.Method == http.MethodPost && strings.HasPrefix(e.Path, "/v1/billing_portal/sessions") {
			form, err := url.ParseQuery(e.Request)
			if err != nil {
				w.t.Fatal(err)
			}
			return form
		}
	}
	w.t.Fatal("Lockstep opened no portal")
	return nil
}

// TestAGiftToAnOrganizationTakesNothingAway: someone else's subscription of one seat does not shrink the
// organization, hide its own subscription, or keep it from canceling that.
func TestAGiftToAnOrganizationTakesNothingAway(t *testing.T) {
	for _, plan := range []string{"basic", "pro"} {
		t.Run(plan, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.with(lockstep.SeatPolicy{LimitMembers: true})
				founder := w.mustSignUp("founder@example.com")
				org, err := w.sim.CreateOrganization("Engines", founder)
				if err != nil {
					t.Fatal(err)
				}
				w.grow(org.ID, 4)
				time.Sleep(time.Minute)
				w.mustBuy("organization/"+org.ID, "basic")
				time.Sleep(time.Minute)
				own := w.sim.Subscriptions()[0]
				w.dashboard("/v1/subscriptions/"+own.ID, url.Values{"items[0][id]": {own.Items[0].ID}, "items[0][quantity]": {"7"}})
				time.Sleep(time.Minute)
				w.give(org.ID, plan, "mallory@example.com", nil)
				if a := w.ask("organization/" + org.ID); a.Access.Plan != plan || a.Access.Seats != 7 ||
					len(a.Access.Reasons) != 2 {
					t.Errorf("access: %+v", a.Access)
				}
				if o, err := w.organization(org.ID); err != nil || o.Limit != 7 {
					t.Errorf("Clerk allows %d members, want 7 (%v)", o.Limit, err)
				}
				if m := w.publicOf(org.ID); m["stripeSubscriptionId"] != own.ID || m["stripeCustomerId"] != own.Customer ||
					m["subscriptionStatus"] != "active" {
					t.Errorf("metadata: %v", m)
				}
				if form := w.portal("organization/"+org.ID, "cancel"); form.Get(
					"flow_data[subscription_cancel][subscription]") != own.ID {
					t.Errorf("the portal cancels %v, want %s", form, own.ID)
				}
			})
		})
	}
}

// TestAGiftDoesNotStopTheSeats: seats follow the members, even if a gift of a better plan outranks what the
// organization pays for.
func TestAGiftDoesNotStopTheSeats(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.with(lockstep.SeatPolicy{Follow: lockstep.SeatsUpAndDown})
		founder := w.mustSignUp("founder@example.com")
		org, err := w.sim.CreateOrganization("Engines", founder)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.mustBuy("organization/"+org.ID, "basic")
		time.Sleep(time.Minute)
		w.give(org.ID, "pro", "mallory@example.com", nil)
		w.grow(org.ID, 3)
		time.Sleep(time.Minute)
		all := w.sim.Subscriptions()
		if own, gift := all[0].Items[0].Quantity, all[1].Items[0].Quantity; own != 4 || gift != 1 {
			t.Errorf("the organization pays for %d seats, want 4; the gift has %d, want 1", own, gift)
		}
	})
}

// TestAGiftUsesUpNoTrial: neither the account's trial nor its address's.
func TestAGiftUsesUpNoTrial(t *testing.T) {
	for _, rule := range []lockstep.TrialRule{lockstep.TrialPerAccount, lockstep.TrialPerEmail} {
		t.Run(string(rule), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) {
					c.Buying.Policy.TrialsPer = rule
					c.Catalog.Plans = append([]lockstep.Plan(nil), c.Catalog.Plans...)
					c.Catalog.Plans[1].TrialDays = 7
				})
				ada := w.mustSignUp("ada@example.com")
				time.Sleep(time.Minute)
				w.give(ada, "basic", "mallory@example.com", url.Values{"subscription_data[trial_period_days]": {"14"}})
				if a := w.ask("user/" + ada); a.Access.Plan != "basic" {
					t.Fatalf("the gift: %+v", a)
				}
				if days := w.trialFor("user/"+ada, ""); days != 7 {
					t.Errorf("after a gift with a trial: %d days, want 7", days)
				}
				eve := w.mustSignUp("eve@example.com")
				time.Sleep(time.Minute)
				w.give(eve, "basic", "eve@example.com", url.Values{"subscription_data[trial_period_days]": {"14"}})
				if err := w.sim.CancelSubscription(w.newest(), false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if days := w.trialFor("user/"+eve, ""); days != 0 {
					t.Errorf("after a trial of her own by payment link: %d days, want 0", days)
				}
			})
		})
	}
}

// TestARefusedReadOfAGiftStopsNothingElse: Stripe may refuse to return someone else's customer, or a list of the
// account's own customer.
func TestARefusedReadOfAGiftStopsNothingElse(t *testing.T) {
	for refused, status := range map[string]int{"/v1/customers/": 400, "/v1/charges": 400,
		"/v1/charges/of a restricted key": 403} {
		t.Run(refused, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				ada := w.mustSignUp("ada@example.com")
				time.Sleep(time.Minute)
				w.give(ada, "basic", "mallory@example.com", nil)
				gift := w.sim.Subscriptions()[0]
				w.give(ada, "life", "ada@example.com", url.Values{"mode": {"payment"}, "customer_creation": {"always"}})
				w.sim.SetDelivery(simulator.DeliveryPolicy{Drop: 1})
				if err := w.sim.CancelSubscription(gift.ID, false); err != nil {
					t.Fatal(err)
				}
				path, _, _ := strings.Cut(refused, "/of")
				if refused == "/v1/customers/" {
					path += gift.Customer
				}
				w.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodGet, Path: path, Times: 1000, Status: status})
				w.sync("user/" + ada)
				if a := w.ask("user/" + ada); a.Access.Plan != "life" || a.Access.Reasons[1].Status != "canceled" {
					t.Errorf("%+v", a)
				}
				w.sim.ClearFaults()
				w.sync("user/" + ada)
				if a := w.ask("user/" + ada); len(a.Problems) != 0 || a.Problem != "" {
					t.Errorf("once Stripe agrees: %+v", a)
				}
			})
		})
	}
}
