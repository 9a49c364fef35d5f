package simtest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// isDeleted reports whether a customer is deleted at Stripe.
func (w *world) isDeleted(customer string) bool {
	w.t.Helper()
	for _, c := range w.sim.Customers() {
		if c.ID == customer {
			return c.Deleted
		}
	}
	w.t.Fatalf("there is no customer %s", customer)
	return false
}

// TestWhoIsDeletedDuringTheHoldIsBilledNoMore: the backfill had not linked their customer yet
// when their deletion came. What only a reference gives to them is somebody else's.
func TestWhoIsDeletedDuringTheHoldIsBilledNoMore(t *testing.T) {
	for name, c := range map[string]struct{ known, listed bool }{
		"known, listed": {true, true}, "unknown, listed": {false, true}, "known, not listed": {true, false},
		"unknown, not listed": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				b := existing(t, w)
				ada, eve := b.user("ada@example.com", nil), b.user("eve@example.com", nil)
				hers := b.customer("ada@example.com", nil, url.Values{"metadata[userId]": {ada}})
				eves := b.customer("eve@example.com", nil, url.Values{"metadata[userId]": {eve}})
				w.give(ada, "basic", "mallory@example.com", nil)
				subscriptions := w.sim.Subscriptions()
				gift := subscriptions[len(subscriptions)-1].Customer
				b.away.Store(true)
				b.noUsers.Store(!c.listed)
				b.open(b.yearly)
				time.Sleep(time.Minute)
				if c.known {
					if err := w.sim.UpdateUser(ada, "ada@example.com", "Ada", "King"); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
				}
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if !b.state().Holds() {
					t.Fatalf("the backfill ended too early: %+v", b.state())
				}
				b.noUsers.Store(false)
				b.away.Store(false)
				time.Sleep(4 * listEvery)
				// Of whom this directory never listed, an event alone may be another instance's.
				seen, r := c.known || c.listed, b.state().Report
				if w.isDeleted(hers) != seen || !seen && r.Unlinked.Count != 2 {
					t.Errorf("ada's customer is deleted=%v, want %v: %+v, parked %v", w.isDeleted(hers), seen, r, w.parked())
				}
				if w.isDeleted(eves) || w.isDeleted(gift) {
					t.Error("somebody else's customer was deleted")
				}
				b.has("user/"+eve, eves)
			})
		})
	}
}

// TestACustomerOfADeletedAccount that is found later falls under the policy, if metadata names
// the account; an account that we never knew is no evidence of a deletion.
func TestACustomerOfADeletedAccount(t *testing.T) {
	for policy, want := range map[server.DeletionPolicy]string{server.DeleteCustomer: "canceled",
		server.EndSubscriptions: "active", server.KeepBilling: "active"} {
		t.Run(string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Users: policy} })
				ada := w.mustSignUp("ada@example.com")
				w.mustSignUp("eve@example.com")
				time.Sleep(time.Minute)
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				late := w.before("ada@example.com", url.Values{"metadata[userId]": {ada}})
				latest := w.newest()
				never := w.before("never@example.com", url.Values{"metadata[userId]": {"user_never"}})
				w.give(ada, "basic", "mallory@example.com", nil)
				time.Sleep(2 * listEvery)
				for _, s := range w.sim.Subscriptions() {
					switch {
					case s.ID == latest && (s.Status != want || s.CancelAtPeriodEnd != (policy == server.EndSubscriptions)):
						t.Errorf("the subscription is %s, ending=%v, want %s", s.Status, s.CancelAtPeriodEnd, want)
					case s.ID != latest && s.Status != "active":
						t.Errorf("the subscription of %s is %s", s.Customer, s.Status)
					}
				}
				if w.isDeleted(late) != (policy == server.DeleteCustomer) || w.isDeleted(never) {
					t.Errorf("deleted: %v and %v", w.isDeleted(late), w.isDeleted(never))
				}
				if status, err := w.call(t.Context(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/user/user_never", apiKey,
					nil, nil); err != nil || status != http.StatusNotFound {
					t.Errorf("who never was: %d %v", status, err)
				}
			})
		})
	}
}

// TestARefusedListStopsNoDeletion: what else a customer pays for cannot be seen, and the policy
// is followed all the same.
func TestARefusedListStopsNoDeletion(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		w.mustSignUp("eve@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "basic")
		time.Sleep(time.Minute)
		customer := w.ask("user/" + ada).CustomerID
		w.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodGet, Path: "/v1/subscriptions", Times: 1,
			Status: 400})
		if err := w.sim.DeleteUser(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if a := w.ask("user/" + ada); !w.isDeleted(customer) || a.State != "deleted" || a.Pending {
			t.Errorf("the customer is deleted=%v: %+v", w.isDeleted(customer), a)
		}
		w.sync("user/" + ada)
		if a := w.ask("user/" + ada); len(a.Problems) != 0 || a.Problem != "" {
			t.Errorf("what was refused once is still a problem: %+v", a)
		}
	})
}
