package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// turn takes the turn of an account.
func (w *world) turn(account lockstep.Account, fingerprint string) lockstep.PurchaseLock {
	w.Helper()
	turn, err := w.BeginPurchase(w.Context(), account, fingerprint, time.Minute)
	w.ok(err)
	return turn
}

func (w *world) endTurn(turn lockstep.PurchaseLock, settled bool) {
	w.Helper()
	w.ok(w.EndPurchase(w.Context(), turn, settled))
}

var purchases = map[string]func(*world){
	"one has the turn at a time, of each account": func(w *world) {
		turn := w.turn(alice, "a")
		if _, err := w.BeginPurchase(w.Context(), alice, "a", time.Minute); !errors.Is(err, lockstep.ErrBusy) {
			w.Errorf("the second turn: %v, want ErrBusy", err)
		}
		w.endTurn(w.turn(bob, "a"), true)
		w.endTurn(turn, true)
		w.endTurn(w.turn(alice, "a"), true)
	},
	"a turn that was settled is followed by another number": func(w *world) {
		first := w.turn(alice, "a")
		w.endTurn(first, true)
		second := w.turn(alice, "a")
		equal(w, "number", second.Number, first.Number+1)
	},
	"the same request goes on with the number that was not settled": func(w *world) {
		first := w.turn(alice, "a")
		w.endTurn(first, false)
		again := w.turn(alice, "a")
		equal(w, "number of the same request", again.Number, first.Number)
		w.endTurn(again, false)
		other := w.turn(alice, "b")
		equal(w, "number of another request", other.Number, first.Number+1)
	},
	"a turn that nobody gave back ends with its lease, and unsettled": func(w *world) {
		first, err := w.BeginPurchase(w.Context(), alice, "a", -time.Second)
		w.ok(err)
		second := w.turn(alice, "a")
		equal(w, "number", second.Number, first.Number)
		if err := w.EndPurchase(w.Context(), first, true); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("the one that was too late ends it: %v, want ErrLeaseLost", err)
		}
		if _, err := w.BeginPurchase(w.Context(), alice, "a", time.Minute); !errors.Is(err, lockstep.ErrBusy) {
			w.Errorf("the late one freed the turn: %v, want ErrBusy", err)
		}
	},
	"of many at once, one has the turn": func(w *world) {
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
		equal(w, "who had the turn", had.Load(), 1)
	},
}
