package simtest

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestThinEventsAreHintsToo: an event that carries only an id is enough, for a subscription and for a one-time
// payment.
func TestThinEventsAreHintsToo(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.sim.SetStripeWebhooks(nil) // Stripe's snapshot events are lost
		thin := func(n int, kind, object, id string) {
			body := fmt.Sprintf(`{"id":"evt_thin_%d","object":"v2.core.event","type":"v1.%s","livemode":false,"created":"2000-01-01T00:00:00.000Z","related_object":{"id":%q,"type":%q,"url":"/v1/x/%s"}}`, n, kind, id, object, id)
			if status, err := w.deliver("stripe", fmt.Sprint(n), []byte(body)); err != nil || status != http.StatusOK {
				t.Errorf("thin event %s: %d %v", kind, status, err)
			}
		}
		sessions := map[string]string{}
		for _, key := range []string{"basic", "life"} {
			sessions[key] = w.mustBuy("user/"+ada, key)
		}
		time.Sleep(time.Minute)
		if a := w.ask("user/" + ada); a.Access.Active {
			t.Fatal("Lockstep knew before the event")
		}
		thin(1, "customer.subscription.created", "subscription", w.sim.Subscriptions()[0].ID)
		time.Sleep(time.Minute)
		if a := w.ask("user/" + ada); a.Access.Plan != "basic" {
			t.Errorf("after the subscription's thin event: %+v", a)
		}
		thin(2, "checkout.session.completed", "checkout.session", sessions["life"])
		time.Sleep(time.Minute)
		if a := w.ask("user/" + ada); a.Access.Plan != "life" || len(a.Access.Reasons) != 2 {
			t.Errorf("after the payment's thin event: %+v", a)
		}
		if err := w.sim.CancelSubscription(w.sim.Subscriptions()[0].ID, false); err != nil {
			t.Fatal(err)
		}
		thin(3, "invoice.paid", "invoice", w.sim.Invoices()[0].ID)
		thin(4, "charge.refunded", "charge", w.sim.Charges()[0].ID)
		thin(5, "customer.subscription.updated", "subscription", "sub_unknown")
		time.Sleep(time.Minute)
		for _, r := range w.ask("user/" + ada).Access.Reasons {
			if r.Object == "subscription" && r.Status != "canceled" {
				t.Errorf("after the invoice's thin event the subscription is %s", r.Status)
			}
		}
		if reasons := w.parked(); len(reasons) != 1 || reasons["Stripe does not know this object under our key"] != 1 {
			t.Errorf("parked: %v", reasons)
		}
	})
}
