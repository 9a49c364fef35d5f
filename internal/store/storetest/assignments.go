package storetest

import (
	"errors"

	"github.com/lockstep-dev/lockstep"
)

var assignments = map[string]func(*world){
	"an operator's decision is stored, can be changed, and marks the object": func(w *world) {
		if _, err := w.AssignmentOf(w.Context(), cus1); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("before: %v, want ErrNotFound", err)
		}
		for _, account := range []lockstep.Account{alice, acme} {
			w.ok(w.Assign(w.Context(), cus1, account))
			got, err := w.AssignmentOf(w.Context(), cus1)
			w.ok(err)
			equal(w, "account", got, account)
		}
		w.done(w.claim(cus1))
	},
	"an object that is linked to another account is not assigned": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID})
		w.take(0)
		if err := w.Assign(w.Context(), cus1, bob); !errors.Is(err, lockstep.ErrLinked) {
			w.Errorf("to somebody else: %v, want ErrLinked", err)
		}
		w.ok(w.Assign(w.Context(), cus1, alice))
	},
	"a license is not assigned to another account": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		claim := w.hold(checkoutKey("cs_1"))
		w.ok(w.SaveLicense(w.Context(), claim, lockstep.License{ID: "cs_1", Account: alice, Status: lockstep.LicenseActive},
			nil))
		w.done(claim)
		if err := w.Assign(w.Context(), checkoutKey("cs_1"), bob); !errors.Is(err, lockstep.ErrLinked) {
			w.Errorf("to somebody else: %v, want ErrLinked", err)
		}
		w.ok(w.Assign(w.Context(), checkoutKey("cs_2"), bob))
	},
}
