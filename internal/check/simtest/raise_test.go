package simtest

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// raise raises a price as Stripe recommends: a new price takes over the lookup key of the old one, which is sometimes
// archived.
func (w *world) raise() {
	key, _ := pick(w, []string{"basic", "pro", "life"})
	old := w.prices[key]
	var before, raised simulator.Price
	for _, p := range w.sim.Prices() {
		if p.ID == old {
			before = p
		}
	}
	form := url.Values{"product": {before.Product}, "currency": {"usd"}, "unit_amount": {"777"}, "lookup_key": {key},
		"transfer_lookup_key": {"true"}}
	if before.Interval != "" {
		form.Set("recurring[interval]", before.Interval)
	}
	w.dashboard("/v1/prices", form)
	for _, p := range w.sim.Prices() {
		if p.LookupKey == key {
			raised = p
		}
	}
	w.prices[key] = raised.ID
	if w.rng.IntN(2) == 0 && raised.ID != old {
		w.dashboard("/v1/prices/"+old, url.Values{"active": {"false"}})
	}
	w.say("the price of %s is raised: %s after %s", key, raised.ID, old)
}

// sold returns the plan that a price was sold as, which is the name of the simulator's product.
func (w *world) sold(price string) string {
	for _, p := range w.sim.Prices() {
		if p.ID != price {
			continue
		}
		for _, key := range []string{"basic", "pro", "life", "pass"} {
			for _, now := range w.sim.Prices() {
				if now.ID == w.prices[key] && now.Product == p.Product {
					return key
				}
			}
		}
	}
	return ""
}

// failedAt returns when Stripe last turned a subscription past due, according to its events.
func (w *world) failedAt(subscription string) (at time.Time) {
	last := ""
	for _, e := range w.sim.Events() { // oldest first
		if e.About != subscription || e.Type != "customer.subscription.updated" {
			continue
		}
		var now struct{ Status string }
		if err := json.Unmarshal(e.Object, &now); err != nil {
			w.t.Error(err)
		}
		if now.Status == "past_due" && last != "past_due" {
			at = e.Created
		}
		last = now.Status
	}
	return at
}

// TestTheGraceCountsFromTheDeclinedUpgrade: the period is paid, and in its middle a seat is added that the card does
// not cover. The same holds for a sent invoice, and for a service that first syncs late.
func TestTheGraceCountsFromTheDeclinedUpgrade(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		fails  func(*world, simulator.Subscription) time.Time // makes a payment fail and returns when
		blind  bool                                           // no events, and the service is down meanwhile
		starts func(*world, string) simulator.Subscription
	}{
		"a seat in mid-period": {fails: func(w *world, s simulator.Subscription) time.Time {
			time.Sleep(20 * day)
			w.decline(s)
			w.stripe("/v1/subscriptions/"+s.ID, url.Values{"items[0][id]": {s.Items[0].ID}, "items[0][quantity]": {"2"},
				"proration_behavior": {"always_invoice"}}, nil)
			return time.Now()
		}},
		"the renewal": {fails: func(w *world, s simulator.Subscription) time.Time {
			w.decline(s)
			time.Sleep(time.Until(s.PeriodEnd()) + 90*time.Minute)
			return w.failedAt(s.ID)
		}},
		"an invoice that is sent": {starts: func(w *world, customer string) simulator.Subscription {
			w.stripe("/v1/subscriptions", url.Values{"customer": {customer}, "items[0][price]": {w.prices["pro"]},
				"collection_method": {"send_invoice"}, "days_until_due": {"20"}}, nil)
			return w.sim.Subscriptions()[0]
		}, fails: func(w *world, s simulator.Subscription) time.Time {
			time.Sleep(20*day + time.Minute)
			return w.sim.Invoices()[0].DueDate
		}},
		"before our first look": {blind: true, fails: func(w *world, s simulator.Subscription) time.Time {
			time.Sleep(10 * day)
			w.decline(s)
			w.stripe("/v1/subscriptions/"+s.ID, url.Values{"items[0][id]": {s.Items[0].ID}, "items[0][quantity]": {"2"},
				"proration_behavior": {"always_invoice"}}, nil)
			at := time.Now()
			time.Sleep(day)
			return at
		}, starts: func(w *world, customer string) simulator.Subscription {
			w.service.end(w.t)
			w.stripe("/v1/subscriptions", url.Values{"customer": {customer}, "items[0][price]": {w.prices["pro"]}}, nil)
			return w.sim.Subscriptions()[0]
		}},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.service.end(t)
				w.change = func(c *server.Config) { c.Catalog.PastDueGrace = 3 * day }
				w.service = w.boot()
				ada := w.mustSignUp("ada@example.com")
				time.Sleep(time.Minute)
				customer := w.ask("user/" + ada).CustomerID
				if err := w.sim.SetCard(customer, "4242424242424242"); err != nil {
					t.Fatal(err)
				}
				var s simulator.Subscription
				if c.starts != nil {
					s = c.starts(w, customer)
				} else {
					w.mustBuy("user/"+ada, "pro")
					s = w.sim.Subscriptions()[0]
				}
				time.Sleep(time.Minute)
				at := c.fails(w, s)
				if c.blind {
					w.service = w.boot()
				}
				time.Sleep(scanEvery + time.Hour)
				if got := w.sim.Subscriptions()[0].Status; got != "past_due" {
					t.Fatalf("the subscription is %s", got)
				}
				for _, when := range []time.Duration{scanEvery + time.Hour, 3*day - 2*time.Minute, 3*day + 2*time.Minute} {
					time.Sleep(time.Until(at.Add(when)))
					if a := w.ask("user/" + ada); a.Access.Active != (when < 3*day) {
						t.Errorf("%s after the failure: active=%v", when, a.Access.Active)
					}
				}
			})
		})
	}
}

// decline makes the subscription's card fail from now on.
func (w *world) decline(s simulator.Subscription) {
	w.t.Helper()
	if err := w.sim.SetCard(s.Customer, "4000000000000341"); err != nil {
		w.t.Fatal(err)
	}
}

// TestItemsOfDifferentIntervalsEndApart: a yearly add-on does not prolong the monthly plan. The renewal of one item
// is seen even if its event is lost.
func TestItemsOfDifferentIntervalsEndApart(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.service.end(t)
		w.change = func(c *server.Config) {
			c.Catalog.Plans = append(c.Catalog.Plans[:len(c.Catalog.Plans):len(c.Catalog.Plans)],
				lockstep.Plan{Name: "backup", LookupKeys: []string{"backup_yearly"}, Features: []string{"backup"}})
		}
		yearly := w.sim.AddPlan(simulator.Plan{LookupKey: "backup_yearly", ProductName: "Backup", Amount: 1000,
			Currency: "usd", Interval: "year"})
		w.service = w.boot()
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		s := w.sim.Subscriptions()[0]
		w.stripe("/v1/subscription_items", url.Values{"subscription": {s.ID}, "price": {yearly}}, nil)
		time.Sleep(time.Minute)
		check := func(when string) {
			t.Helper()
			ends := map[string]time.Time{} // by feature
			for _, i := range w.sim.Subscriptions()[0].Items {
				if i.Price == yearly {
					ends["backup"] = i.PeriodEnd
				} else {
					ends["export"], ends["notes"] = i.PeriodEnd, i.PeriodEnd
				}
			}
			a := w.ask("user/" + ada).Access
			if a.Plan != "pro" || a.Until == nil || !a.Until.Equal(ends["export"].Truncate(time.Second)) {
				t.Errorf("%s: plan %s until %v, want until %s", when, a.Plan, a.Until, ends["export"])
			}
			for feature, end := range ends {
				if !a.Expires[feature].Equal(end.Truncate(time.Second)) {
					t.Errorf("%s: %s expires %s, want %s", when, feature, a.Expires[feature], end)
				}
			}
		}
		check("bought")
		w.sim.SetDelivery(simulator.DeliveryPolicy{Drop: 1})
		first := w.sim.Subscriptions()[0].Items[0].PeriodEnd
		time.Sleep(time.Until(first) + time.Minute)
		if now := w.sim.Subscriptions()[0].Items[0].PeriodEnd; !now.After(first) {
			t.Fatalf("the monthly item still ends %s", now)
		}
		check("renewed without an event")
	})
}
