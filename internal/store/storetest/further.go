package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// link links a customer in a run of a key that is not its account's.
func (w *world) link(account lockstep.Account, customerID string, trust lockstep.Trust) {
	w.Helper()
	w.drain()
	claim := w.hold(lockstep.Key{Kind: lockstep.KeyCheckout, ID: "cs_of_" + customerID})
	w.ok(w.Link(w.Context(), claim, lockstep.Identity{Account: account}, customerID, trust))
	w.done(claim)
}

// customers returns an account's customers, the primary one first.
func (w *world) customers(account lockstep.Account) (is []string) {
	w.Helper()
	r := w.account(account)
	is = append(is, r.CustomerID)
	for _, l := range r.Further {
		text := fmt.Sprintf("%s %s", l.CustomerID, l.Trust)
		if l.Deleted {
			text += " deleted"
		}
		is = append(is, text)
	}
	return is
}

// drain finishes all due keys, so that no run holds an account.
func (w *world) drain() {
	w.Helper()
	for _, c := range w.take(time.Minute) {
		w.done(c)
	}
}

var further = map[string]func(*world){
	"a second customer becomes a further one": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Proven)
		w.link(alice, "cus_3", lockstep.Claimed)
		equal(w, "customers", w.customers(alice), []string{"cus_1", "cus_2 proven", "cus_3 claimed"})
		for _, id := range []string{"cus_1", "cus_2", "cus_3"} {
			w.linkedTo(id, alice)
		}
		link, err := w.LinkOf(w.Context(), "cus_3")
		w.ok(err)
		equal(w, "link", link, lockstep.Link{CustomerID: "cus_3", Account: alice, Trust: lockstep.Claimed})
		link, err = w.LinkOf(w.Context(), "cus_1")
		w.ok(err)
		equal(w, "primary link", link, lockstep.Link{CustomerID: "cus_1", Account: alice, Trust: lockstep.Proven,
			Primary: true})
		if _, err := w.LinkOf(w.Context(), "cus_4"); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("an unknown customer: %v", err)
		}
		equal(w, "scope", w.claim(alice.Key()).Scope, lockstep.ScopeAll)
	},
	"a mark on a further customer lands on the account": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.drain()
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus2, Scope: lockstep.ScopeSubscriptions}))
		equal(w, "scope", w.claim(alice.Key()).Scope, lockstep.ScopeSubscriptions)
	},
	"a claimed customer is never the primary one": func(w *world) {
		w.link(alice, "cus_1", lockstep.Claimed)
		equal(w, "customers", w.customers(alice), []string{"", "cus_1 claimed"})
		w.drain()
		before := w.account(alice)
		claim := w.hold(alice.Key())
		err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice,
			CustomerID: "cus_1"}})
		w.refused(err, lockstep.ErrLinked, alice, before)
	},
	"linking again proves a claim and never withdraws proof": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.link(alice, "cus_2", lockstep.Proven)
		equal(w, "customers", w.customers(alice), []string{"cus_1", "cus_2 proven"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.link(alice, "cus_1", lockstep.Claimed)
		equal(w, "customers", w.customers(alice), []string{"cus_1", "cus_2 proven"})
	},
	"a further customer cannot be linked to another account": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.drain()
		w.save(lockstep.Record{Account: bob})
		before := w.account(bob)
		for _, trust := range []lockstep.Trust{lockstep.Proven, lockstep.Claimed} {
			claim := w.hold(checkoutKey("cs_1"))
			err := w.Link(w.Context(), claim, lockstep.Identity{Account: bob}, "cus_2", trust)
			w.refused(err, lockstep.ErrLinked, bob, before)
			w.done(claim)
		}
		err := w.Save(w.Context(), w.hold(bob.Key()), lockstep.AccountUpdate{Record: lockstep.Record{Account: bob,
			CustomerID: "cus_2"}})
		w.refused(err, lockstep.ErrLinked, bob, before)
		if err := w.Assign(w.Context(), cus2, bob); !errors.Is(err, lockstep.ErrLinked) {
			w.Errorf("assigned: %v", err)
		}
	},
	"the number of claimed customers is limited": func(w *world) {
		for n := range lockstep.MostClaimed {
			w.link(alice, fmt.Sprintf("cus_%02d", n), lockstep.Claimed)
		}
		before := w.account(alice)
		w.drain()
		err := w.Link(w.Context(), w.hold(cus1), lockstep.Identity{Account: alice}, "cus_1", lockstep.Claimed)
		w.refused(err, lockstep.ErrCrowded, alice, before)
		w.link(alice, "cus_2", lockstep.Proven)
		w.drain()
		// A customer that Stripe has deleted makes room.
		r := w.account(alice)
		r.Further[0].Deleted = true
		w.save(r)
		w.link(alice, "cus_1", lockstep.Claimed)
		// So does a customer whose subscriptions have all ended, and no other.
		w.drain()
		sold := func(id, customer, status string) lockstep.Subscription {
			return lockstep.Subscription{ID: id, CustomerID: customer, Status: status, CreatedAt: at(1)}
		}
		r = w.account(alice)
		r.Subscriptions = []lockstep.Subscription{sold("sub_1", "cus_01", "canceled"), sold("sub_2", "cus_01", "past_due"),
			sold("sub_3", "cus_02", "active"),
			sold("sub_4", "cus_03", "canceled"), sold("sub_5", "cus_03", "incomplete_expired"), sold("sub_6", "cus_2",
				"canceled")}
		w.save(r)
		w.link(alice, "cus_98", lockstep.Claimed)
		if _, err := w.AccountOfCustomer(w.Context(), "cus_03"); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("what has ended is still linked: %v", err)
		}
		equal(w, "subscriptions", len(w.account(alice).Subscriptions), 4)
		w.drain()
		err = w.Link(w.Context(), w.hold(customerKey("cus_99")), lockstep.Identity{Account: alice}, "cus_99",
			lockstep.Claimed)
		w.is(err, lockstep.ErrCrowded)
	},
	"save replaces the primary customer by a proven further one": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerEmail: "a@example.com"})
		w.link(alice, "cus_2", lockstep.Proven)
		w.drain()
		r := w.account(alice)
		r.CustomerID, r.CustomerEmail = "cus_2", "b@example.com"
		w.save(r)
		equal(w, "customers", w.customers(alice), []string{"cus_2", "cus_1 proven"})
		equal(w, "address", w.account(alice).CustomerEmail, "b@example.com")
	},
	"save writes that further customers are deleted or proven, and nothing else": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Proven)
		w.link(alice, "cus_3", lockstep.Claimed)
		w.drain()
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", Further: []lockstep.Link{
			{CustomerID: "cus_2", Trust: lockstep.Claimed, Deleted: true}, {CustomerID: "cus_3", Trust: lockstep.Proven},
			{CustomerID: "cus_4", Trust: lockstep.Proven}}})
		want := []string{"cus_1", "cus_2 proven deleted", "cus_3 proven"}
		equal(w, "customers", w.customers(alice), want)
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", Further: []lockstep.Link{
			{CustomerID: "cus_2", Trust: lockstep.Proven}, {CustomerID: "cus_3", Trust: lockstep.Claimed}}})
		equal(w, "customers after a stale write", w.customers(alice), want)
	},
	"a further link wakes the keys that wait for its customer": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		waiting := w.hold(checkoutKey("cs_1"))
		w.finish(waiting, lockstep.Outcome{Disposition: lockstep.Parked, WaitsFor: []lockstep.Key{cus2}})
		late, linking := w.hold(checkoutKey("cs_2")), w.hold(checkoutKey("cs_3"))
		w.ok(w.Link(w.Context(), linking, lockstep.Identity{Account: alice}, "cus_2", lockstep.Claimed))
		w.done(linking)
		w.done(w.among(checkoutKey("cs_1")))
		// A key that parks now has missed the link, and runs again.
		w.finish(late, lockstep.Outcome{Disposition: lockstep.Parked, WaitsFor: []lockstep.Key{cus2}})
		w.done(w.claim(checkoutKey("cs_2")))
		w.idle()
	},
	"unlink removes a customer and its subscriptions": func(w *world) {
		sub := func(id, customer string) lockstep.Subscription {
			return lockstep.Subscription{ID: id, CustomerID: customer, Status: "active", CreatedAt: at(1),
				Items: []lockstep.Item{{ID: "si_" + id, PriceID: "price_1", Quantity: 1}}}
		}
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerEmail: "a@example.com"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.drain()
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1",
			Subscriptions: []lockstep.Subscription{sub("sub_1", "cus_1"), sub("sub_2", "cus_2")}})
		for i, id := range []string{"cus_2", "cus_1"} {
			account, err := w.Unlink(w.Context(), id)
			w.ok(err)
			equal(w, "account", account, alice)
			equal(w, "subscriptions left", len(w.account(alice).Subscriptions), 1-i)
			if _, err := w.AccountOfCustomer(w.Context(), id); !errors.Is(err, lockstep.ErrNotFound) {
				w.Errorf("%s is still linked: %v", id, err)
			}
			said, err := w.AssignmentOf(w.Context(), lockstep.Key{Kind: lockstep.KeyCustomer, ID: id})
			w.ok(err)
			equal(w, "assignment", said, lockstep.Account{})
			w.done(w.claim(alice.Key()))
			if _, err := w.Unlink(w.Context(), id); !errors.Is(err, lockstep.ErrNotFound) {
				w.Errorf("again: %v", err)
			}
		}
		equal(w, "customers", w.customers(alice), []string{""})
		w.ok(w.Assign(w.Context(), cus1, bob)) // no account has it now
		said, err := w.AssignmentOf(w.Context(), cus1)
		w.ok(err)
		equal(w, "assignment", said, bob)
	},
	"the buyer for an organization is marked when its customer is removed": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_1"})
		w.link(acme, "cus_2", lockstep.Claimed)
		w.link(acme, "cus_3", lockstep.Proven)
		w.drain()
		sold := func(id, customer, buyer string) lockstep.Subscription {
			return lockstep.Subscription{ID: id, CustomerID: customer, Status: "active", PaidBy: buyer, CreatedAt: at(1)}
		}
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{
			sold("sub_1", "cus_1", ""), sold("sub_2", "cus_2", alice.ID), sold("sub_3", "cus_3", alice.ID)}})
		for i, take := range []func() error{
			func() error { _, err := w.Unlink(w.Context(), "cus_3"); return err },
			func() error {
				claim := w.hold(acme.Key())
				defer w.done(claim)
				return w.Release(w.Context(), claim, "cus_2")
			},
		} {
			equal(w, "shows", len(w.account(alice).PaysFor), 2-i)
			w.ok(take())
			equal(w, "pending", w.work(alice.Key()).Pending(), true)
			w.drain()
		}
		_, err := w.Unlink(w.Context(), "cus_1") // that has no buyer
		w.is(err, nil)
		equal(w, "pending", w.work(alice.Key()).Pending(), false)
		equal(w, "shows", len(w.account(alice).PaysFor), 0)
	},
	"release removes any customer of a deleted account": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Proven)
		w.drain()
		w.save(lockstep.Record{Account: alice, State: lockstep.AccountDeleted, CustomerID: "cus_1",
			Subscriptions: []lockstep.Subscription{
				{ID: "sub_1", CustomerID: "cus_1", Status: "active", CreatedAt: at(1)}, {ID: "sub_2", CustomerID: "cus_2",
					Status: "active", CreatedAt: at(1)}}})
		claim := w.hold(alice.Key())
		for i, customer := range []string{"cus_1", "cus_2"} {
			w.ok(w.Release(w.Context(), claim, customer))
			_, err := w.AccountOfCustomer(w.Context(), customer)
			w.is(err, lockstep.ErrNotFound)
			equal(w, "subscriptions", len(w.account(alice).Subscriptions), 1-i)
			equal(w, "pending", w.work(customerKey(customer)).Pending(), true)
		}
		equal(w, "customers", w.customers(alice), []string{""})
	},
	"release removes a claimed link, and no other": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.link(alice, "cus_3", lockstep.Proven)
		w.drain()
		w.save(lockstep.Record{Account: bob, CustomerID: "cus_of_bob"})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1",
			Subscriptions: []lockstep.Subscription{{ID: "sub_2", CustomerID: "cus_2", Status: "active", CreatedAt: at(1)}}})
		claim := w.hold(alice.Key())
		for _, id := range []string{"cus_1", "cus_3", "cus_4", "cus_of_bob", "cus_2"} {
			w.ok(w.Release(w.Context(), claim, id))
		}
		equal(w, "customers", w.customers(alice), []string{"cus_1", "cus_3 proven"})
		equal(w, "subscriptions", len(w.account(alice).Subscriptions), 0)
		w.linkedTo("cus_of_bob", bob)
		equal(w, "scope", w.claim(cus2).Scope, lockstep.ScopeAll)
		if _, err := w.AssignmentOf(w.Context(), cus2); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("it was no operator's decision: %v", err)
		}
		w.done(claim)
		if err := w.Release(w.Context(), claim, "cus_3"); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("without the lease: %v", err)
		}
	},
	"choosing the primary swaps it, and proves a claim": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerEmail: "a@example.com"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.drain()
		w.ok(w.ChoosePrimary(w.Context(), alice, "cus_2"))
		equal(w, "customers", w.customers(alice), []string{"cus_2", "cus_1 proven"})
		equal(w, "what the customer was given", w.account(alice).CustomerEmail, "")
		w.ok(w.ChoosePrimary(w.Context(), alice, "cus_2"))
		equal(w, "customers", w.customers(alice), []string{"cus_2", "cus_1 proven"})
		said, err := w.AssignmentOf(w.Context(), cus2)
		w.ok(err)
		equal(w, "assignment", said, alice)
		w.drain()
		w.save(lockstep.Record{Account: bob, CustomerID: "cus_of_bob"})
		for _, id := range []string{"cus_3", "cus_of_bob"} {
			if err := w.ChoosePrimary(w.Context(), alice, id); !errors.Is(err, lockstep.ErrNotFound) {
				w.Errorf("%s: %v", id, err)
			}
		}
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2",
			Further: []lockstep.Link{{CustomerID: "cus_1", Deleted: true}}})
		if err := w.ChoosePrimary(w.Context(), alice, "cus_1"); !errors.Is(err, lockstep.ErrInvalid) {
			w.Errorf("a deleted customer: %v", err)
		}
	},
	"an operator's decision is refused during a run": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Proven)
		claim := w.claim(alice.Key())
		if _, err := w.Unlink(w.Context(), "cus_2"); !errors.Is(err, lockstep.ErrBusy) {
			w.Errorf("unlink: %v", err)
		}
		if err := w.ChoosePrimary(w.Context(), alice, "cus_2"); !errors.Is(err, lockstep.ErrBusy) {
			w.Errorf("choose: %v", err)
		}
		w.done(claim)
		w.idle()
		w.ok(w.ChoosePrimary(w.Context(), alice, "cus_2"))
	},
	"assigning a claimed customer to its account proves it": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.drain()
		w.ok(w.Assign(w.Context(), cus2, alice))
		equal(w, "customers", w.customers(alice), []string{"cus_1", "cus_2 proven"})
		equal(w, "scope", w.claim(alice.Key()).Scope, lockstep.ScopeAll)
	},
}
