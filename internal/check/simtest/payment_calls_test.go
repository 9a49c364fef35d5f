package simtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// sale is something to buy.
type sale struct {
	plan  string
	trial bool
	order string // in which a real listener received its events
	least int    // how many events it has
}

var sales = map[string]sale{
	"a subscription":     {plan: "pro", order: "checkout-existing-customer", least: 12},
	"a trial":            {plan: "pro", order: "checkout-existing-customer", least: 6, trial: true},
	"a one-time payment": {plan: "life", order: "checkout-payment", least: 4},
}

// arrivals are ways in which the events of a checkout arrive.
func (s sale) arrivals() map[string]simulator.DeliveryPolicy {
	return map[string]simulator.DeliveryPolicy{
		"in order":                {},
		"in order, slowly":        {MaxDelay: 200 * time.Millisecond},
		"all at once":             {Unordered: true},
		"as recorded":             {Unordered: true, Order: s.order},
		"shuffled":                {Unordered: true, MaxDelay: 200 * time.Millisecond},
		"shuffled, with doubles":  {Unordered: true, MaxDelay: 200 * time.Millisecond, Duplicate: 0.5, Twin: 0.5},
		"spread over two seconds": {Unordered: true, MaxDelay: 2 * time.Second},
	}
}

// TestCallsAfterAPayment counts the upstream calls that the events of a checkout cause, however they arrive. Access
// must not wait until they have gathered.
func TestCallsAfterAPayment(t *testing.T) {
	for name, s := range sales {
		for arrival, policy := range s.arrivals() {
			for seed := range uint64(4) {
				t.Run(fmt.Sprintf("%s, %s, %d", name, arrival, seed), func(t *testing.T) {
					calm(t, func(t *testing.T, w *world) { w.countPaid(s, policy) },
						func(c *simulator.Config) { c.Seed = seed })
				})
			}
		}
	}
}

// countPaid buys, and checks the calls from the payment on.
func (w *world) countPaid(s sale, policy simulator.DeliveryPolicy) {
	if s.trial {
		w.configured(withTrial)
	}
	account := "user/" + w.mustSignUp("ada@example.com")
	time.Sleep(time.Minute)
	session := w.begin(account, s.plan)
	w.sim.SetDelivery(policy)
	n := len(w.sim.History())
	if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Minute)
	stripe, clerk, writes, events := w.spent(n)
	if events < s.least {
		w.t.Errorf("only %d deliveries, which is not a whole checkout", events)
	}
	// Stripe is read by the first run, by the one that confirms it, and for the address that the buyer typed. Clerk
	// reports our write, which costs one read.
	if stripe > 3 || writes != 1 || clerk > 1 {
		w.t.Errorf("a checkout took %d reads of Stripe, %d metadata writes and %d other calls to Clerk; we promise at most 3, exactly 1 and at most 1", stripe, writes, clerk)
	}
	if a := w.ask(account); !a.Access.Active || a.Access.Plan != s.plan {
		w.t.Errorf("the access is %+v", a.Access)
	}
	w.grantedWithin(n, 150*time.Millisecond)
}

// granting are the events that Lockstep reacts to at once.
var granting = []string{"checkout.session.completed", "customer.subscription.created", "customer.subscription.updated",
	"invoice.paid"}

// grantedWithin checks that the last metadata write since entry n of the history follows a granting event soon.
func (w *world) grantedWithin(n int, most time.Duration) {
	var told []time.Time
	var wrote time.Time
	for _, e := range w.sim.History()[n:] {
		switch {
		case e.Side == "delivery" && slices.Contains(granting, e.EventType):
			told = append(told, e.At)
		case e.Side == "clerk" && e.Method == http.MethodPatch:
			wrote = e.At
		}
	}
	at := slices.IndexFunc(told, func(at time.Time) bool { return at.Before(wrote) && wrote.Sub(at) < most })
	if at < 0 {
		w.t.Errorf("the metadata was written at %s, long after the events that may grant access: %v", wrote, told)
	}
}

// withTrial gives pro a trial.
func withTrial(c *server.Config) {
	c.Catalog.Plans = slices.Clone(c.Catalog.Plans)
	for i := range c.Catalog.Plans {
		if c.Catalog.Plans[i].Name == "pro" {
			c.Catalog.Plans[i].TrialDays = 7
		}
	}
}

// TestAnOpenFirstPaymentIsNotGathered pays a subscription that Lockstep has seen incomplete. The events of the payment
// come while those of the subscription would still gather, and none of them says that something was bought. Someone who
// has access already waits until the payment's events have gathered.
func TestAnOpenFirstPaymentIsNotGathered(t *testing.T) {
	for kind, within := range map[string]time.Duration{"without access": 150 * time.Millisecond,
		"with access": 500 * time.Millisecond} {
		t.Run(kind, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				account := "user/" + w.mustSignUp("ada@example.com")
				time.Sleep(time.Minute)
				if kind == "with access" {
					w.mustBuy(account, "basic")
					time.Sleep(time.Hour)
				}
				var s struct{ ID string }
				w.stripe("/v1/subscriptions", url.Values{"customer": {w.customer(account).ID}, "items[0][price]": {w.prices["pro"]},
					"payment_behavior": {"default_incomplete"}}, &s)
				time.Sleep(500 * time.Millisecond)
				if err := w.sim.SetCard(w.customer(account).ID, "4242424242424242"); err != nil {
					t.Fatal(err)
				}
				at := slices.IndexFunc(w.sim.Invoices(), func(i simulator.Invoice) bool { return i.Subscription == s.ID })
				n := len(w.sim.History())
				if err := w.sim.PayInvoice(w.sim.Invoices()[at].ID); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				w.spent(n)
				if a := w.ask(account); a.Access.Plan != "pro" {
					t.Errorf("the access is %+v", a.Access)
				}
				w.grantedWithin(n, within)
			})
		})
	}
}
