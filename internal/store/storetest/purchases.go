package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// lock takes the purchase lock of an account.
func (w *world) lock(account lockstep.Account, fingerprint string) lockstep.PurchaseLock {
	w.Helper()
	lock, err := w.BeginPurchase(w.Context(), account, fingerprint, time.Minute)
	w.ok(err)
	return lock
}

func (w *world) endLock(lock lockstep.PurchaseLock, settled bool) {
	w.Helper()
	w.ok(w.EndPurchase(w.Context(), lock, settled))
}

var purchases = map[string]func(*world){
	"one caller at a time has an account's purchase lock": func(w *world) {
		lock := w.lock(alice, "a")
		if _, err := w.BeginPurchase(w.Context(), alice, "a", time.Minute); !errors.Is(err, lockstep.ErrBusy) {
			w.Errorf("the second lock: %v, want ErrBusy", err)
		}
		w.endLock(w.lock(bob, "a"), true)
		w.endLock(lock, true)
		w.endLock(w.lock(alice, "a"), true)
	},
	"the lock after a settled one has another number": func(w *world) {
		first := w.lock(alice, "a")
		w.endLock(first, true)
		second := w.lock(alice, "a")
		if second.Number <= first.Number {
			w.Errorf("the number %d follows %d", second.Number, first.Number)
		}
	},
	"a number is at least the time, so that a restored database gives none again": func(w *world) {
		before := w.lock(bob, "a")
		for _, account := range []lockstep.Account{alice, bob} {
			w.endLock(before, true)
			before = w.lock(account, "a")
			if at := time.UnixMilli(before.Number); time.Since(at).Abs() > time.Hour {
				w.Errorf("the number %d of %s is the time %s", before.Number, account, at)
			}
		}
	},
	"the same request reuses the number that was not settled": func(w *world) {
		first := w.lock(alice, "a")
		w.endLock(first, false)
		again := w.lock(alice, "a")
		equal(w, "number of the same request", again.Number, first.Number)
		w.endLock(again, false)
		other := w.lock(alice, "b")
		if other.Number <= first.Number {
			w.Errorf("the number of another request is %d after %d", other.Number, first.Number)
		}
	},
	"an abandoned lock ends with its lease, unsettled": func(w *world) {
		first, err := w.BeginPurchase(w.Context(), alice, "a", -time.Second)
		w.ok(err)
		second := w.lock(alice, "a")
		equal(w, "number", second.Number, first.Number)
		if err := w.EndPurchase(w.Context(), first, true); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("the one that was too late ends it: %v, want ErrLeaseLost", err)
		}
		if _, err := w.BeginPurchase(w.Context(), alice, "a", time.Minute); !errors.Is(err, lockstep.ErrBusy) {
			w.Errorf("the late one freed the lock: %v, want ErrBusy", err)
		}
	},
	"of many callers at once, one gets the lock": func(w *world) {
		var all sync.WaitGroup
		var had atomic.Int64
		for range 16 {
			all.Go(func() {
				_, err := w.BeginPurchase(w.Context(), alice, "a", time.Minute)
				switch {
				case err == nil:
					had.Add(1)
				case !errors.Is(err, lockstep.ErrBusy):
					w.Errorf("begin: %v", err)
				}
			})
		}
		all.Wait()
		equal(w, "who had the lock", had.Load(), 1)
	},
}
