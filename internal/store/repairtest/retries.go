package repairtest

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

var retries = map[string]func(*world){
	"a key in backoff is due now with all its attempts": func(w *world) {
		for range 3 {
			w.mark(cus1, 0, lockstep.Normal)
			claim := w.claim(cus1)
			w.finish(claim, lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour),
				Reason: "Clerk is down"})
			w.idle()
			before, err := w.Retry(w.Context(), lockstep.Mark{Key: cus1, Scope: lockstep.ScopePayments,
				Priority: lockstep.Normal})
			w.ok(err)
			if len(before) != 1 || before[0].Attempts != 1 || before[0].Reason != "Clerk is down" {
				w.Errorf("before: %+v", before)
			}
		}
		claim := w.claim(cus1)
		if claim.Attempt != 1 || !claim.Scope.Has(lockstep.ScopePayments) {
			w.Errorf("claimed %+v", claim)
		}
	},
	"keys that parked, failed or were dropped run again": func(w *world) {
		w.parked("evt_1", cus1)
		w.finish(w.hold(bob.Key()), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		w.parked("evt_2", cus2)
		w.drop(cus2)
		var marks []lockstep.Mark
		for _, key := range []lockstep.Key{cus2, bob.Key(), cus1, cus1} {
			marks = append(marks, lockstep.Mark{Key: key, Scope: lockstep.ScopeAll, Priority: lockstep.Background})
		}
		before, err := w.Retry(w.Context(), marks...)
		w.ok(err)
		var states []string
		for _, b := range before {
			states = append(states, b.Key.String()+" "+string(b.Status()))
		}
		equal(w, "before", states, []string{"customer/cus_1 parked", "customer/cus_2 dropped", "user/user_bob failed"})
		equal(w, "due", len(w.take()), 3)
	},
	"a key that a run holds runs again afterwards": func(w *world) {
		claim := w.hold(cus1)
		_, err := w.Retry(w.Context(), lockstep.Mark{Key: cus1})
		w.ok(err)
		w.idle()
		w.done(claim)
		w.claim(cus1)
	},
	"a linked customer is retried as its account, and an unknown key is skipped": func(w *world) {
		w.link(alice, cus1)
		w.settle()
		before, err := w.Retry(w.Context(), lockstep.Mark{Key: cus1}, lockstep.Mark{Key: cus2})
		w.ok(err)
		if len(before) != 1 || before[0].Key != alice.Key() {
			w.Errorf("before: %+v", before)
		}
		w.claim(alice.Key())
	},
}
