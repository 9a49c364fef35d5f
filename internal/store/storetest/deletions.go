package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// member returns the n-th linked account.
func member(n int) lockstep.Account {
	return lockstep.Account{Kind: lockstep.User, ID: fmt.Sprintf("user_%03d", n)}
}

// populate links this many accounts.
func (w *world) populate(accounts int) {
	w.Helper()
	marks := make([]lockstep.Mark, accounts)
	for n := range marks {
		marks[n].Key = member(n).Key()
	}
	w.ok(w.Mark(w.Context(), marks...))
	for _, claim := range w.take(time.Minute) {
		account, _ := claim.Key.Account()
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{
			Record: lockstep.Record{Account: account, CustomerID: strings.Replace(account.ID, "user", "cus", 1)}}))
		w.done(claim)
	}
	w.take(time.Minute) // the keys that the links have marked
}

// begin begins a deletion in its own run.
func (w *world) begin(a lockstep.Account, b lockstep.Brake) (lockstep.DeletionState, bool) {
	w.Helper()
	w.mark(a.Key(), lockstep.ScopeDeleted, lockstep.Normal)
	claim := w.among(a.Key())
	state, tripped, err := w.BeginDeletion(w.Context(), claim, a, b)
	w.ok(err)
	w.done(claim)
	return state, tripped
}

var deletions = map[string]func(*world){
	"deletions over the limit are held, and only the first of them trips the brake": func(w *world) {
		w.populate(200)
		brake := lockstep.Brake{Limit: 7}
		for n := range 10 {
			state, tripped := w.begin(member(n), brake)
			want := lockstep.DeletionBegun
			if n >= 7 {
				want = lockstep.DeletionHeld
			}
			equal(w, fmt.Sprint("state of ", n), state, want)
			equal(w, fmt.Sprint("tripped by ", n), tripped, n == 7)
		}
		held, err := w.DeletionsIn(w.Context(), lockstep.DeletionHeld, 2)
		w.ok(err)
		equal(w, "the first two that are held", []lockstep.Account{held[0].Account, held[1].Account},
			[]lockstep.Account{member(7), member(8)})
		tally, err := w.DeletionTally(w.Context())
		w.ok(err)
		equal(w, "tally", tally, map[lockstep.DeletionState]int64{lockstep.DeletionBegun: 7, lockstep.DeletionHeld: 3})
		equal(w, "of the record", w.account(member(9)).Deletion, lockstep.DeletionHeld)
	},
	"the limit for few accounts is five": func(w *world) {
		w.populate(10)
		for n := range 6 {
			state, _ := w.begin(member(n), lockstep.Brake{})
			equal(w, fmt.Sprint("held is ", n), state == lockstep.DeletionHeld, n == 5)
		}
	},
	"the limit for 140 accounts is five percent, seven": func(w *world) {
		w.populate(140)
		for n := range 8 {
			state, _ := w.begin(member(n), lockstep.Brake{})
			equal(w, fmt.Sprint("held is ", n), state == lockstep.DeletionHeld, n == 7)
		}
	},
	"a deletion that begins twice counts once": func(w *world) {
		w.populate(10)
		brake := lockstep.Brake{Limit: 1}
		for range 3 {
			state, _ := w.begin(member(0), brake)
			equal(w, "state", state, lockstep.DeletionBegun)
		}
	},
	"only deletions within the window count": func(w *world) {
		w.populate(10)
		brake := lockstep.Brake{Limit: 1, Window: time.Millisecond}
		for n := range 3 {
			state, _ := w.begin(member(n), brake)
			equal(w, "state", state, lockstep.DeletionBegun)
			time.Sleep(3 * time.Millisecond) // so that the clock moves on
		}
	},
	"while one deletion is held, all further ones are held, even after the window": func(w *world) {
		w.populate(10)
		brake := lockstep.Brake{Limit: 1, Window: time.Hour}
		w.begin(member(0), brake)
		w.begin(member(1), brake)
		time.Sleep(3 * time.Millisecond)
		state, tripped := w.begin(member(2), lockstep.Brake{Limit: 1, Window: time.Millisecond})
		equal(w, "state", state, lockstep.DeletionHeld)
		equal(w, "tripped", tripped, false)
	},
	"approved deletions are marked, and the brake starts counting again": func(w *world) {
		w.populate(10)
		brake := lockstep.Brake{Limit: 2, Window: time.Hour}
		for n := range 4 {
			w.begin(member(n), brake)
		}
		time.Sleep(2 * time.Millisecond) // so that the clock moves on
		decided, err := w.DecideDeletions(w.Context(), lockstep.DeletionApproved, nil)
		w.ok(err)
		equal(w, "decided", decided, []lockstep.Account{member(2), member(3)})
		equal(w, "of the record", w.account(member(2)).Deletion, lockstep.DeletionApproved)
		equal(w, "marked", w.work(member(2).Key()).Pending() && w.work(member(2).Key()).Scope.Has(lockstep.ScopeDeleted),
			true)
		again, _, err := w.BeginDeletion(w.Context(), lockstep.Claim{}, member(2), brake)
		if !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("without a claim: %s %v, want ErrLeaseLost", again, err)
		}
		time.Sleep(2 * time.Millisecond)
		state, _ := w.begin(member(5), brake)
		equal(w, "the next one", state, lockstep.DeletionBegun)
	},
	"an operator can name accounts, and approve a discarded deletion later": func(w *world) {
		w.populate(10)
		brake := lockstep.Brake{Limit: 1}
		for n := range 4 {
			w.begin(member(n), brake)
		}
		decided, err := w.DecideDeletions(w.Context(), lockstep.DeletionDiscarded, []lockstep.Account{member(2)})
		w.ok(err)
		equal(w, "discarded", decided, []lockstep.Account{member(2)})
		state, _ := w.begin(member(2), brake)
		equal(w, "said again to be gone", state, lockstep.DeletionDiscarded)
		state, _ = w.begin(member(5), brake)
		equal(w, "the brake is still on", state, lockstep.DeletionHeld)
		_, err = w.DecideDeletions(w.Context(), lockstep.DeletionApproved, []lockstep.Account{member(2), member(0)})
		if !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("one that does not wait: %v, want ErrNotFound", err)
		}
		equal(w, "nothing was decided", w.account(member(2)).Deletion, lockstep.DeletionDiscarded)
		_, err = w.DecideDeletions(w.Context(), lockstep.DeletionApproved, []lockstep.Account{member(2)})
		w.ok(err)
		equal(w, "after all", w.account(member(2)).Deletion, lockstep.DeletionApproved)
	},
	"a deletion can be forgotten": func(w *world) {
		w.populate(3)
		w.ok(w.forget(member(1)))
		equal(w, "state", w.account(member(1)).Deletion, lockstep.DeletionState(""))
	},
	"of many concurrent deletions, no more than the limit begin": func(w *world) {
		w.populate(40)
		claims := map[lockstep.Account]lockstep.Claim{}
		for n := range 40 {
			w.mark(member(n).Key(), lockstep.ScopeDeleted, lockstep.Normal)
		}
		for _, c := range w.take(time.Minute) {
			if a, is := c.Key.Account(); is {
				claims[a] = c
			}
		}
		var all sync.WaitGroup
		var begun atomic.Int64
		for n := range 40 {
			all.Go(func() {
				state, _, err := w.BeginDeletion(w.Context(), claims[member(n)], member(n), lockstep.Brake{Limit: 6, Share: 100})
				if err != nil {
					w.Error(err)
				}
				if state == lockstep.DeletionBegun {
					begun.Add(1)
				}
			})
		}
		all.Wait()
		equal(w, "begun", begun.Load(), 6)
	},
}

// forget begins a deletion and forgets it in the same run.
func (w *world) forget(a lockstep.Account) error {
	w.mark(a.Key(), lockstep.ScopeDeleted, lockstep.Normal)
	claim := w.among(a.Key())
	if _, _, err := w.BeginDeletion(w.Context(), claim, a, lockstep.Brake{}); err != nil {
		return err
	}
	equal(w, "state", w.account(a).Deletion, lockstep.DeletionBegun)
	return w.ForgetDeletion(w.Context(), claim, a)
}
