package storetest

import (
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
)

// park lets a key wait for others, with one event.
func (w *world) park(event string, key lockstep.Key, waitsFor ...lockstep.Key) {
	w.Helper()
	w.deliver(event, key)
	w.finish(w.claim(key), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody", WaitsFor: waitsFor})
	w.eventIs(event, key, lockstep.EventParked, "nobody")
}

// settled checks that a key has nothing to do.
func (w *world) settled(key lockstep.Key) {
	w.Helper()
	if work := w.work(key); work.Pending() || work.Disposition != lockstep.Done || work.Reason != "" || work.Scope != 0 {
		w.Errorf("%s is not settled: %+v", key, work)
	}
}

// takenOver checks that alice has taken over evt_1 from cus_1, and ends the run that follows.
func (w *world) takenOver() {
	w.Helper()
	w.takenOverWith(lockstep.ScopeAll)
}

// takenOverWith is takenOver with a scope.
func (w *world) takenOverWith(scope lockstep.Scope) {
	w.Helper()
	w.eventIs("evt_1", alice.Key(), lockstep.EventPending, "")
	w.settled(cus1)
	claim := w.claim(alice.Key())
	if claim.Scope != scope {
		w.Errorf("the account is marked with scope %b", claim.Scope)
	}
	w.done(claim)
	w.eventIs("evt_1", alice.Key(), lockstep.EventDone, "")
	w.idle()
}

var wakes = map[string]func(*world){
	"a new account wakes the keys that wait for it": func(w *world) {
		w.park("evt_1", cus1, alice.Key())
		w.save(lockstep.Record{Account: alice})
		claim := w.claim(cus1)
		equal(w, "scope", claim.Scope&lockstep.ScopeAll, lockstep.ScopeAll)
		equal(w, "priority", w.work(cus1).Priority, lockstep.Normal)
		w.done(claim)
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
		w.waits(alice.Key())
	},
	"saving a known account wakes no key": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		// The account is a second old; otherwise the keys that wait for it would run again.
		w.parkForGood("evt_1", cus1, alice.Key())
		w.save(lockstep.Record{Account: alice, Name: "Alice"})
		w.idle()
	},
	"an account's link wakes the keys that wait for the account": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.parkForGood("evt_1", checkoutKey("cs_1"), alice.Key())
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.claim(checkoutKey("cs_1"))
	},
	"an account's link wakes the keys that wait for the customer": func(w *world) {
		w.park("evt_1", checkoutKey("cs_1"), cus1)
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.claim(checkoutKey("cs_1"))
	},
	"a replaced link wakes the waiting keys": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerDeleted: true})
		w.park("evt_1", checkoutKey("cs_1"), cus2)
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2"})
		w.claim(checkoutKey("cs_1"))
	},
	"link wakes the keys that wait for the account or the customer": func(w *world) {
		w.park("evt_1", checkoutKey("cs_1"), cus1)
		w.park("evt_2", checkoutKey("cs_2"), alice.Key())
		w.park("evt_3", checkoutKey("cs_3"), bob.Key())
		w.ok(w.Link(w.Context(), w.hold(cus1), lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		woken := map[lockstep.Key]bool{}
		for _, c := range w.take(time.Minute) {
			woken[c.Key] = true
		}
		equal(w, "woken", woken, map[lockstep.Key]bool{checkoutKey("cs_1"): true, checkoutKey("cs_2"): true,
			alice.Key(): true})
	},
	"a mark wakes no waiting key": func(w *world) {
		w.park("evt_1", cus1, alice.Key())
		w.done(w.hold(alice.Key()))
		w.idle()
	},
	"save's link takes over the customer's parked work": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.parkForGood("evt_1", cus1, alice.Key(), cus1)
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.waits(alice.Key())
		w.waits(cus1)
		w.takenOver()
	},
	"link takes over the customer's parked work": func(w *world) {
		w.park("evt_1", cus1, alice.Key())
		w.ok(w.Link(w.Context(), w.hold(checkoutKey("cs_1")), lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		w.waits(alice.Key())
		w.takenOver()
	},
	"a link takes over the customer's failed work": func(w *world) {
		w.deliver("evt_1", cus1)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.takenOver()
	},
	"a link takes over the customer's pending work with its scope": func(w *world) {
		claim := w.hold(alice.Key())
		w.deliver("evt_1", cus1)
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, CustomerID: "cus_1"}}))
		w.done(claim)
		w.takenOverWith(lockstep.ScopeSubscriptions)
	},
	"the creation of a customer causes no run": func(w *world) {
		claim := w.hold(alice.Key())
		w.mark(cus1, 0, lockstep.Background)
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, CustomerID: "cus_1"}}))
		w.done(claim)
		equal(w, "scope", w.claim(alice.Key()).Scope, 0)
	},
	"a link takes over the customer's retries": func(w *world) {
		w.deliver("evt_1", cus1)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour), Reason: "later"})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.takenOver()
	},
	"a link takes over from a run that died": func(w *world) {
		w.deliver("evt_1", cus1)
		dead := w.take(0)[0]
		claim := w.holdFirst(alice.Key())
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, CustomerID: "cus_1"}}))
		w.done(claim)
		w.leaseLost(w.Finish(w.Context(), dead, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "late"}))
		w.takenOver()
	},
	"done work stays with the customer": func(w *world) {
		w.deliver("evt_1", cus1)
		w.done(w.claim(cus1))
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
		w.idle() // and the account is not marked needlessly
	},
	"the customer's own run links and ends": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.deliver("evt_2", cus1)
		w.ok(w.Link(w.Context(), claim, lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		w.deliver("evt_3", cus1)
		w.eventIs("evt_3", alice.Key(), lockstep.EventPending, "")
		w.done(claim)
		runs := w.take(time.Minute)
		for _, c := range runs {
			w.done(c)
		}
		for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
			w.eventIs(id, alice.Key(), lockstep.EventDone, "")
		}
		w.settled(cus1)
		w.settled(alice.Key())
	},
	"a run that links and then fails loses nothing": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.ok(w.Link(w.Context(), claim, lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "late"})
		w.eventIs("evt_1", alice.Key(), lockstep.EventPending, "")
		w.done(w.claim(alice.Key()))
		w.eventIs("evt_1", alice.Key(), lockstep.EventDone, "")
	},
	"a customer that was linked while it ran is not parked": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.ok(w.Link(w.Context(), w.hold(checkoutKey("cs_1")), lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody", WaitsFor: []lockstep.Key{cus1}})
		w.waits(cus1)
		w.takenOver()
	},
	"a link by another run lets a running run end": func(w *world) {
		w.park("evt_1", cus1, alice.Key())
		claim := w.hold(cus1)
		w.ok(w.Link(w.Context(), w.hold(checkoutKey("cs_1")), lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		w.done(claim)
		w.takenOver()
	},
	"a park and a link at the same time do not miss each other": func(w *world) {
		for i := range 30 {
			account := lockstep.Account{Kind: lockstep.User, ID: fmt.Sprintf("user_%d", i)}
			parks, links := w.hold(customerKey(fmt.Sprint(i))), w.hold(account.Key())
			var group errgroup.Group
			group.Go(func() error {
				return w.Finish(w.Context(), parks, lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody",
					WaitsFor: []lockstep.Key{account.Key()}})
			})
			group.Go(func() error {
				return w.Save(w.Context(), links, lockstep.AccountUpdate{Record: lockstep.Record{Account: account}})
			})
			w.ok(group.Wait())
			if work := w.work(parks.Key); !work.Pending() {
				w.Fatalf("%s waits for an account that is there: %+v", parks.Key, work)
			}
			w.done(links)
			w.done(w.claim(parks.Key))
		}
	},
	"a run that parks after its wait was fulfilled runs again": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.save(lockstep.Record{Account: alice})
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody",
			WaitsFor: []lockstep.Key{alice.Key()}})
		if work := w.work(cus1); !work.Pending() || work.Scope&lockstep.ScopeAll != lockstep.ScopeAll {
			w.Errorf("it missed the account: %+v", work)
		}
	},
}

// parkForGood parks a key that waits for a known account.
func (w *world) parkForGood(event string, key lockstep.Key, waitsFor ...lockstep.Key) {
	w.Helper()
	w.deliver(event, key)
	w.finish(w.claim(key), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody", WaitsFor: waitsFor})
	if w.work(key).Pending() {
		w.Fatalf("%s does not wait for what was known before it ran", key)
	}
}
