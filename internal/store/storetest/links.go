package storetest

import (
	"errors"

	"github.com/lockstep-dev/lockstep"
)

// linkedTo checks which account a customer is linked to.
func (w *world) linkedTo(customerID string, want lockstep.Account) {
	w.Helper()
	got, err := w.AccountOfCustomer(w.Context(), customerID)
	w.ok(err)
	equal(w, "account of "+customerID, got, want)
}

// refused checks that err is target, and that the account is unchanged.
func (w *world) refused(err, target error, account lockstep.Account, before lockstep.Record) {
	w.Helper()
	if !errors.Is(err, target) {
		w.Errorf("got error %v, want %v", err, target)
	}
	equal(w, "record after a refusal", w.account(account), before)
}

var links = map[string]func(*world){
	"save adds a link": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.linkedTo("cus_1", alice)
	},
	"save neither changes nor removes a link": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		before := w.account(alice)
		claim := w.hold(alice.Key())
		for _, id := range []string{"cus_2", ""} {
			err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, Name: "new",
				CustomerID: id}})
			w.refused(err, lockstep.ErrLinked, alice, before)
		}
		// It does not help that the same change marks the customer as deleted.
		err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, CustomerID: "cus_2",
			CustomerDeleted: true}})
		w.refused(err, lockstep.ErrLinked, alice, before)
	},
	"save does not take another account's customer": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.save(lockstep.Record{Account: bob})
		before := w.account(bob)
		claim := w.hold(bob.Key())
		err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: bob, CustomerID: "cus_1"}})
		w.refused(err, lockstep.ErrLinked, bob, before)
		w.linkedTo("cus_1", alice)
	},
	"save replaces a deleted customer and remembers it": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerDeleted: true})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2"})
		equal(w, "customer", w.account(alice).CustomerID, "cus_2")
		w.linkedTo("cus_1", alice)
		w.linkedTo("cus_2", alice)
	},
	"a former customer cannot be linked to another account": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerDeleted: true})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2"})
		w.save(lockstep.Record{Account: bob})
		before := w.account(bob)
		claim := w.hold(bob.Key())
		err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: bob, CustomerID: "cus_1"}})
		w.refused(err, lockstep.ErrLinked, bob, before)
	},
	"link creates the account and marks it for a full run": func(w *world) {
		claim := w.hold(cus1)
		identity := lockstep.Identity{Account: alice, Email: "a@example.com", Name: "Alice", UpdatedAt: 17}
		w.ok(w.Link(w.Context(), claim, identity, "cus_1", lockstep.Proven))
		equal(w, "record", withoutTimes(w.account(alice)), lockstep.Record{Account: alice, State: lockstep.AccountActive,
			Email: "a@example.com", Name: "Alice", IdentityUpdatedAt: 17, CustomerID: "cus_1"})
		w.linkedTo("cus_1", alice)
		equal(w, "scope", w.claim(alice.Key()).Scope, lockstep.ScopeAll)
		w.done(claim)
		w.idle()
	},
	"link keeps the account's data": func(w *world) {
		before := lockstep.Record{Account: alice, State: lockstep.AccountDeleted, Email: "a@example.com", Name: "Alice",
			IdentityUpdatedAt: 18}
		w.save(before)
		w.ok(w.Link(w.Context(), w.hold(cus1), lockstep.Identity{Account: alice, Name: "other"}, "cus_1", lockstep.Proven))
		before.CustomerID = "cus_1"
		equal(w, "record", withoutTimes(w.account(alice)), before)
	},
	"linking again marks again": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerEmail: "a@example.com"})
		before := w.account(alice)
		w.ok(w.Link(w.Context(), w.hold(checkoutKey("cs_1")), lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		equal(w, "record", w.account(alice), before)
		equal(w, "scope", w.claim(alice.Key()).Scope, lockstep.ScopeAll)
	},
	"link refuses another account's customer": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.save(lockstep.Record{Account: bob})
		claim := w.hold(cus2)
		before := w.account(bob)
		w.refused(w.Link(w.Context(), claim, lockstep.Identity{Account: bob}, "cus_1", lockstep.Proven), lockstep.ErrLinked,
			bob, before)
		err := w.Link(w.Context(), claim, lockstep.Identity{Account: acme}, "cus_1", lockstep.Proven)
		if !errors.Is(err, lockstep.ErrLinked) {
			w.Errorf("got %v", err)
		}
		if _, err := w.Account(w.Context(), acme); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("a refused link created an account: %v", err)
		}
		w.idle()
	},
	"link replaces a deleted customer": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerDeleted: true, CustomerEmail: "a@example.com"})
		w.ok(w.Link(w.Context(), w.hold(cus2), lockstep.Identity{Account: alice}, "cus_2", lockstep.Proven))
		r := w.account(alice)
		if r.CustomerID != "cus_2" || r.CustomerDeleted || r.CustomerEmail != "" {
			w.Errorf("got %+v", r)
		}
		w.linkedTo("cus_1", alice)
	},
	"link is refused while a customer is being created": func(w *world) {
		w.save(lockstep.Record{Account: alice, Intent: &lockstep.Intent{Key: "key_1", At: at(1)}})
		before := w.account(alice)
		claim := w.hold(cus1)
		w.refused(w.Link(w.Context(), claim, lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven), lockstep.ErrBusy,
			alice, before)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed})
		w.save(lockstep.Record{Account: alice})
		w.ok(w.Link(w.Context(), w.hold(cus1), lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
	},
	"a creation is refused after a link": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		claim := w.hold(alice.Key())
		w.ok(w.Link(w.Context(), w.hold(cus1), lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven))
		before := w.account(alice)
		err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice,
			Intent: &lockstep.Intent{Key: "key_1"}}})
		w.refused(err, lockstep.ErrLinked, alice, before)
	},
}
