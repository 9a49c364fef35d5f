package simtest

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// TestAGraceEndsByTheClock: a renewal fails, and Stripe retries for longer than the operator's grace. Access ends
// with the grace, although no event comes then, and returns when Stripe has the money.
func TestAGraceEndsByTheClock(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.service.end(t)
		w.change = func(c *server.Config) { c.Catalog.PastDueGrace = 2 * 24 * time.Hour }
		w.service = w.boot()
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		s := w.sim.Subscriptions()[0]
		if err := w.sim.SetCard(s.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		is := func(when string, active bool, told map[string]int) {
			t.Helper()
			a := w.ask("user/" + ada)
			kinds := map[string]int{}
			for _, n := range a.Notices {
				kinds[n.Kind]++
			}
			if a.Access.Active != active {
				t.Errorf("%s: active=%v while the subscription is %s", when, a.Access.Active, w.sim.Subscriptions()[0].Status)
			}
			for kind, times := range told {
				if kinds[kind] != times {
					t.Errorf("%s: %s was sent %d times, want %d", when, kind, kinds[kind], times)
				}
			}
			for _, u := range w.sim.Users() {
				if plan, _ := u.Public["plan"].(string); (plan == "pro") != active {
					t.Errorf("%s: the plan in the metadata is %q", when, plan)
				}
			}
		}
		time.Sleep(time.Until(s.PeriodEnd()) + 12*time.Hour)
		is("half a day after the period", true, map[string]int{"payment.failed": 1, "access.ended": 0})
		w.sim.SetStripeWebhooks(nil) // no events from now on
		failed := w.failedAt(s.ID)   // an hour after the period, at Stripe's first attempt
		time.Sleep(time.Until(failed) + 2*24*time.Hour - 2*time.Minute)
		is("just before the grace is over", true, map[string]int{"access.ended": 0})
		time.Sleep(4 * time.Minute)
		is("just after it", false, map[string]int{"payment.failed": 1, "access.ended": 1})
		if status := w.sim.Subscriptions()[0].Status; status != "past_due" {
			t.Errorf("the subscription is %s by now", status)
		}
		if err := w.sim.SetCard(s.Customer, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		if err := w.sim.PayInvoice(w.sim.Invoices()[1].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(scanEvery + time.Hour)
		is("when it is paid", true, map[string]int{"payment.failed": 1, "access.ended": 1, "subscription.started": 1})
	})
}
