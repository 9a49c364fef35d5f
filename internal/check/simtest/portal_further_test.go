package simtest

import (
	"testing"
	"time"
)

// TestThePortalShowsTheCustomerThatPays: a further customer has a subscription, and all those of the primary one have
// ended.
func TestThePortalShowsTheCustomerThatPays(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "basic")
		time.Sleep(time.Minute)
		first := w.sim.Subscriptions()[0]
		if form := w.portal("user/"+ada, ""); form.Get("customer") != first.Customer {
			t.Errorf("the portal of %v, want %s", form, first.Customer)
		}
		if err := w.sim.CancelSubscription(first.ID, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.give(ada, "basic", "ada@example.com", nil)
		second := w.sim.Subscriptions()[1]
		if a := w.ask("user/" + ada); a.CustomerID != first.Customer || !a.Access.Active {
			t.Fatalf("ada: %+v", a)
		}
		if form := w.portal("user/"+ada, ""); form.Get("customer") != second.Customer {
			t.Errorf("the portal of %v, want %s, which pays", form, second.Customer)
		}
		w.give(ada, "pro", "mallory@example.com", nil)
		if err := w.sim.CancelSubscription(second.ID, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if form := w.portal("user/"+ada, ""); form.Get("customer") != first.Customer {
			t.Errorf("the portal of %v, want %s: she cannot manage a gift", form, first.Customer)
		}
	})
}
