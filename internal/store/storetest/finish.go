package storetest

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

var finish = map[string]func(*world){
	"done settles the key and its events": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.deliver("evt_2", cus1)
		w.done(claim)
		work := w.work(cus1)
		if !work.Pending() || work.DoneGeneration != 1 || work.Attempts != 0 || !work.LeaseUntil.IsZero() ||
			work.Disposition != lockstep.Done {
			w.Errorf("got %+v", work)
		}
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
		w.eventIs("evt_2", cus1, lockstep.EventPending, "")
		w.done(w.claim(cus1))
		w.eventIs("evt_2", cus1, lockstep.EventDone, "")
		if work := w.work(cus1); work.Pending() || work.Scope != 0 {
			w.Errorf("got %+v", work)
		}
	},
	"done clears the reason of an earlier failure": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Retry, Reason: "no"})
		w.done(w.claim(cus1))
		if work := w.work(cus1); work.Reason != "" || work.Attempts != 0 {
			w.Errorf("got %+v", work)
		}
		if claim := w.hold(cus1); claim.Attempt != 1 {
			w.Errorf("the next run is attempt %d", claim.Attempt)
		}
	},
	"done can ask for another look": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Done, At: time.Now().Add(time.Hour),
			Scope: lockstep.ScopeCustomer})
		work := w.work(cus1)
		if !work.Pending() || work.Scope != lockstep.ScopeCustomer || work.Priority != lockstep.Background ||
			!near(work.RunAt, time.Hour) {
			w.Errorf("got %+v", work)
		}
		w.idle()
		w.mark(cus1, lockstep.ScopePayments, lockstep.Normal)
		claim := w.claim(cus1)
		equal(w, "scope", claim.Scope, lockstep.ScopeCustomer|lockstep.ScopePayments)
	},
	"another look does not delay a mark made during the run": func(w *world) {
		claim := w.hold(cus1)
		w.mark(cus1, lockstep.ScopePayments, lockstep.Normal)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Done, At: time.Now().Add(time.Hour)})
		equal(w, "scope", w.claim(cus1).Scope, lockstep.ScopePayments)
	},
	"a retry runs later and keeps everything": func(w *world) {
		w.deliver("evt_1", cus1)
		w.mark(cus1, lockstep.ScopeCustomer, lockstep.Interactive)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour),
			Reason: "stripe: status 500"})
		work := w.work(cus1)
		if !work.Pending() || work.Scope != lockstep.ScopeCustomer|lockstep.ScopeSubscriptions ||
			work.Priority != lockstep.Interactive ||
			!near(work.RunAt, time.Hour) || work.Attempts != 1 || work.Reason != "stripe: status 500" ||
			work.Disposition != lockstep.Retry || !work.LeaseUntil.IsZero() {
			w.Errorf("got %+v", work)
		}
		w.eventIs("evt_1", cus1, lockstep.EventPending, "")
		w.idle()
	},
	"retry without a time is due at once": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Retry})
		if claim := w.claim(cus1); claim.Attempt != 2 || claim.Scope != lockstep.ScopeAll {
			w.Errorf("got %+v", claim)
		}
	},
	"a retry that was not tried does not count": func(w *world) {
		claim := w.hold(cus1)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Retry, Reason: "no"})
		again := w.claim(cus1)
		w.finish(again, lockstep.Outcome{Disposition: lockstep.Retry, Reason: "wait", Untried: true})
		if work := w.work(cus1); !work.Pending() || work.Attempts != 1 || work.Scope != lockstep.ScopeAll ||
			work.Reason != "wait" {
			w.Errorf("got %+v", work)
		}
		third := w.claim(cus1)
		if claim.Attempt != 1 || again.Attempt != 2 || third.Attempt != 2 {
			w.Errorf("attempts %d, %d and %d, want 1, 2 and 2", claim.Attempt, again.Attempt, third.Attempt)
		}
	},
	"a retry adds what was marked during the run": func(w *world) {
		w.mark(cus1, lockstep.ScopeCustomer, lockstep.Normal)
		claim := w.claim(cus1)
		w.mark(cus1, lockstep.ScopePayments, lockstep.Background)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour)})
		work := w.work(cus1)
		if work.Scope != lockstep.ScopeCustomer|lockstep.ScopePayments || work.Priority != lockstep.Normal ||
			!near(work.RunAt, time.Hour) {
			w.Errorf("got %+v", work)
		}
	},
	"a key in backoff keeps its time": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour)})
		w.mark(cus1, lockstep.ScopeAll, lockstep.Normal)
		if work := w.work(cus1); !near(work.RunAt, time.Hour) {
			w.Errorf("got %+v", work)
		}
		w.idle()
	},
	"an interactive mark shortens the backoff": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour)})
		start := time.Now()
		w.mark(cus1, 0, lockstep.Interactive)
		if work := w.work(cus1); !soon(work.RunAt, start) || work.Priority != lockstep.Interactive {
			w.Errorf("got %+v", work)
		}
	},
	"an interactive mark does not lengthen a short backoff": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now()})
		w.mark(cus1, 0, lockstep.Interactive)
		w.claim(cus1)
	},
	"an interactive mark made during the run shortens the backoff": func(w *world) {
		claim := w.hold(cus1)
		w.mark(cus1, 0, lockstep.Interactive)
		start := time.Now()
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour)})
		if work := w.work(cus1); !soon(work.RunAt, start) {
			w.Errorf("got %+v", work)
		}
	},
	"an interactive mark made before the run does not shorten the backoff": func(w *world) {
		w.mark(cus1, 0, lockstep.Interactive)
		claim := w.claim(cus1)
		w.mark(cus1, 0, lockstep.Normal)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour)})
		if work := w.work(cus1); !near(work.RunAt, time.Hour) || work.Priority != lockstep.Interactive {
			w.Errorf("got %+v", work)
		}
	},
	"a failed key can be run again at a given time": func(w *world) {
		w.deliver("evt_1", cus1)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "refused",
			At: time.Now().Add(time.Hour), Scope: lockstep.ScopeSubscriptions})
		work := w.work(cus1)
		if !work.Pending() || work.Disposition != lockstep.Failed || work.Reason != "refused" || work.Attempts != 0 ||
			work.Scope != lockstep.ScopeSubscriptions || work.Priority != lockstep.Background || !near(work.RunAt, time.Hour) {
			w.Errorf("got %+v", work)
		}
		w.idle()
	},
	"a key that failed and was marked during the run runs at once": func(w *world) {
		claim := w.hold(cus1)
		w.mark(cus1, 0, lockstep.Normal)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "refused", At: time.Now().Add(time.Hour)})
		w.claim(cus1)
	},
	"failed records the reason and is not retried": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "refused"})
		work := w.work(cus1)
		if work.Pending() || work.Disposition != lockstep.Failed || work.Reason != "refused" || work.Attempts != 1 ||
			work.Scope != 0 {
			w.Errorf("got %+v", work)
		}
		w.eventIs("evt_1", cus1, lockstep.EventFailed, "refused")
		w.idle()
	},
	"the next mark runs a failed key again": func(w *world) {
		w.deliver("evt_1", cus1)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "refused"})
		w.mark(cus1, lockstep.ScopeAll, lockstep.Normal)
		claim := w.claim(cus1)
		equal(w, "attempt", claim.Attempt, 1)
		w.done(claim)
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
	},
	"a mark made during a failed run is handled": func(w *world) {
		claim := w.hold(cus1)
		w.deliver("evt_1", cus1)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "refused"})
		w.eventIs("evt_1", cus1, lockstep.EventPending, "")
		claim = w.claim(cus1)
		if claim.Attempt != 1 || claim.Scope != lockstep.ScopeSubscriptions {
			w.Errorf("got %+v", claim)
		}
	},
	"parked records the reason and what it waits for": func(w *world) {
		w.deliver("evt_1", cus1)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "no account",
			WaitsFor: []lockstep.Key{alice.Key(), cus1}})
		work := w.work(cus1)
		if work.Pending() || work.Disposition != lockstep.Parked || work.Reason != "no account" {
			w.Errorf("got %+v", work)
		}
		w.eventIs("evt_1", cus1, lockstep.EventParked, "no account")
		w.waits(alice.Key(), cus1)
		w.waits(cus1, cus1)
		w.idle()
	},
	"parking again replaces the waits": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Parked, WaitsFor: []lockstep.Key{alice.Key()}})
		claim := w.hold(cus1)
		w.waits(alice.Key(), cus1)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Parked, WaitsFor: []lockstep.Key{bob.Key(), bob.Key()}})
		w.waits(alice.Key())
		w.waits(bob.Key(), cus1)
	},
	"a done or failed key waits for nothing": func(w *world) {
		for _, d := range []lockstep.Disposition{lockstep.Done, lockstep.Failed} {
			w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Parked, WaitsFor: []lockstep.Key{alice.Key()}})
			w.finish(w.hold(cus1), lockstep.Outcome{Disposition: d})
			w.waits(alice.Key())
		}
	},
	"an unknown disposition is refused": func(w *world) {
		claim := w.hold(cus1)
		if err := w.Finish(w.Context(), claim, lockstep.Outcome{Disposition: "forgotten"}); err == nil {
			w.Error("want an error")
		}
		w.done(claim)
	},
}

// waits checks which keys wait for a key.
func (w *world) waits(key lockstep.Key, want ...lockstep.Key) {
	w.Helper()
	waiting, err := w.WaitingFor(w.Context(), key)
	w.ok(err)
	equal(w, "waiting for "+key.String(), waiting, want)
}
