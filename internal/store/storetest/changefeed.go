package storetest

import (
	"errors"
	"sync"

	"github.com/lockstep-dev/lockstep"
)

// since returns the accounts that changed after a number, and the next number.
func (w *world) since(after int64, want ...lockstep.Account) int64 {
	w.Helper()
	changed, err := w.ChangedSince(w.Context(), after, 100)
	w.ok(err)
	if changed.Unknown {
		w.Errorf("since %d: unknown", after)
	}
	equal(w, "changed", changed.Accounts, want)
	return changed.Last
}

var changeFeed = map[string]func(*world){
	"every write of a record is reported once": func(w *world) {
		at := w.since(0)
		w.save(lockstep.Record{Account: alice})
		at = w.since(at, alice)
		at = w.since(at)

		claim := w.hold(alice.Key())
		w.ok(w.SaveProjected(w.Context(), claim, alice, map[string]any{"plan": "pro"}))
		at = w.since(at, alice)
		w.done(claim)

		claim = w.hold(checkoutKey("cs_1"))
		w.ok(w.SaveLicense(w.Context(), claim, lockstep.License{ID: "cs_1", Account: alice, Status: lockstep.LicenseActive},
			nil))
		at = w.since(at, alice)
		w.done(claim)
		w.done(w.claim(alice.Key()))

		claim = w.hold(cus1)
		w.ok(w.Link(w.Context(), claim, lockstep.Identity{Account: bob}, "cus_1", lockstep.Proven))
		w.since(at, bob)
	},
	"changes are reported in order, each account once": func(w *world) {
		at := w.since(0)
		for _, a := range []lockstep.Account{alice, acme, bob, alice} {
			w.save(lockstep.Record{Account: a})
		}
		w.since(at, acme, bob, alice)
	},
	"an operation that writes no record is not reported": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		at := w.since(0, alice)
		w.done(w.hold(alice.Key()))
		w.deliver("evt_1", cus1)
		w.since(at)
	},
	"a failed write is not reported": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		at := w.since(0, alice)
		claim := w.hold(bob.Key())
		taken := lockstep.AccountUpdate{Record: lockstep.Record{Account: bob, CustomerID: "cus_1"}}
		if err := w.Save(w.Context(), claim, taken); !errors.Is(err, lockstep.ErrLinked) {
			w.Fatalf("got %v", err)
		}
		w.since(at)
	},
	"too many changes are reported as unknown": func(w *world) {
		at := w.since(0)
		for _, a := range []lockstep.Account{alice, bob} {
			w.save(lockstep.Record{Account: a})
		}
		changed, err := w.ChangedSince(w.Context(), at, 1)
		w.ok(err)
		if !changed.Unknown || len(changed.Accounts) != 0 {
			w.Errorf("of two with a limit of one: %+v", changed)
		}
		w.since(changed.Last)
		changed, err = w.ChangedSince(w.Context(), at, 2)
		w.ok(err)
		if changed.Unknown || len(changed.Accounts) != 2 {
			w.Errorf("of two with a limit of two: %+v", changed)
		}
	},
	"a number of another database is unknown": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		for _, after := range []int64{-1, 99} {
			changed, err := w.ChangedSince(w.Context(), after, 100)
			w.ok(err)
			if !changed.Unknown {
				w.Errorf("after %d: %+v", after, changed)
			}
		}
	},
	// Each account has its own writer. A reader that follows the numbers must
	// see every write: an account whose record shows a later write than the reader
	// has seen is reported again.
	"no change is missed while others write": func(w *world) {
		const writes = 15
		writers := []lockstep.Account{alice, bob, acme}
		w.mark(alice.Key(), 0, lockstep.Normal)
		w.mark(bob.Key(), 0, lockstep.Normal)
		w.mark(acme.Key(), 0, lockstep.Normal)
		var group sync.WaitGroup
		for _, claim := range w.take(3600e9) {
			store := w.open(w.T)
			group.Go(func() {
				account, _ := claim.Key.Account()
				for n := range int64(writes) {
					change := lockstep.AccountUpdate{Record: lockstep.Record{Account: account, IdentityUpdatedAt: n + 1}}
					if err := store.Save(w.Context(), claim, change); err != nil {
						w.Error(err)
						return
					}
				}
			})
		}
		written := make(chan struct{})
		go func() { group.Wait(); close(written) }()
		known := map[lockstep.Account]int64{}
		at := int64(0)
		for last := false; !last; {
			select {
			case <-written:
				last = true // and once more at the end
			default:
			}
			changed, err := w.ChangedSince(w.Context(), at, 100)
			w.ok(err)
			at = changed.Last
			for _, a := range changed.Accounts {
				known[a] = w.account(a).IdentityUpdatedAt
			}
		}
		for _, a := range writers {
			if known[a] != writes {
				w.Errorf("%s: the reader knows write %d of %d", a, known[a], writes)
			}
		}
	},
}
