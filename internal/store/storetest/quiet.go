package storetest

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

// soonOver is how long the quiet periods last.
const soonOver = 30 * time.Second

var quiet = map[string]func(*world){
	"a quiet period that ends far ahead, because a clock went back, delays a mark by a minute at most": func(w *world) {
		w.settle(w.hold(cus1), time.Hour)
		w.gather(cus1, lockstep.Normal)
		if at := w.work(cus1).RunAt; time.Until(at) > time.Minute {
			w.Errorf("its run is at %s", at)
		}
	},
	"marks that gather wait for the end of the quiet period": func(w *world) {
		w.settle(w.hold(cus1), soonOver)
		w.gather(cus1, lockstep.Interactive)
		w.gather(cus1, lockstep.Normal)
		w.idle()
		work := w.work(cus1)
		if !work.Pending() || work.Priority != lockstep.Interactive || !near(work.RunAt, soonOver) {
			w.Errorf("got %+v", work)
		}
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Delay: 2 * time.Hour, Gathers: true}))
		if at := w.work(cus1).RunAt; !near(at, soonOver) {
			w.Errorf("a later mark moved the run to %s", at)
		}
	},
	"a mark that does not gather ends the wait": func(w *world) {
		w.settle(w.hold(cus1), soonOver)
		w.gather(cus1, lockstep.Normal)
		w.mark(cus1, lockstep.ScopeSubscriptions, lockstep.Normal)
		w.done(w.claim(cus1))
	},
	"a mark that does not gather, among others of one call": func(w *world) {
		w.settle(w.hold(cus1), soonOver)
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Gathers: true}, lockstep.Mark{Key: cus1}))
		w.claim(cus1)
	},
	"after the quiet period a mark has its own time": func(w *world) {
		w.settle(w.hold(cus1), -time.Second)
		w.gather(cus1, lockstep.Normal)
		w.claim(cus1)
	},
	"a new key has no quiet period": func(w *world) {
		w.gather(cus1, lockstep.Normal)
		w.claim(cus1)
	},
	"marks made during a run gather too": func(w *world) {
		claim := w.hold(cus1)
		w.gather(cus1, lockstep.Interactive)
		w.gather(cus1, lockstep.Normal)
		w.settle(claim, soonOver)
		w.idle()
		if work := w.work(cus1); !work.Pending() || work.Generation != 2 || !near(work.RunAt, soonOver) {
			w.Errorf("got %+v", work)
		}
	},
	"a mark made during a run that does not gather": func(w *world) {
		for _, order := range [][]bool{{true, false}, {false, true}, {false}} {
			claim := w.hold(cus1)
			for _, gathers := range order {
				w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Priority: lockstep.Normal, Gathers: gathers}))
			}
			w.settle(claim, soonOver)
			w.settle(w.claim(cus1), -time.Second)
		}
	},
	"a claim forgets that earlier marks did not gather": func(w *world) {
		claim := w.hold(cus1) // by a mark that does not gather
		w.gather(cus1, lockstep.Normal)
		w.settle(claim, soonOver)
		w.idle()
	},
	"a run that is not settled gathers nothing": func(w *world) {
		claim := w.hold(cus1)
		w.gather(cus1, lockstep.Normal)
		w.settle(claim, -time.Second)
		w.done(w.claim(cus1))
	},
	"a run that says nothing leaves the quiet period": func(w *world) {
		w.settle(w.hold(cus1), soonOver)
		w.done(w.hold(cus1))
		w.gather(cus1, lockstep.Normal)
		w.idle()
		w.settle(w.hold(cus1), -time.Second)
		w.gather(cus1, lockstep.Normal)
		w.claim(cus1)
	},
	"a failed run starts a quiet period too": func(w *world) {
		claim := w.hold(cus1)
		w.gather(cus1, lockstep.Normal)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no", QuietUntil: time.Now().Add(time.Hour)})
		w.idle()
	},
	"the next run of a settled key keeps its time": func(w *world) {
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Done, At: time.Now().Add(2 * time.Hour),
			QuietUntil: time.Now().Add(time.Hour)})
		if at := w.work(cus1).RunAt; !near(at, 2*time.Hour) {
			w.Errorf("it is due at %s", at)
		}
		w.gather(cus1, lockstep.Normal)
		if at := w.work(cus1).RunAt; !near(at, time.Minute) {
			w.Errorf("after a mark it is due at %s", at)
		}
	},
	"an eager mark does not wait if the account has no access": func(w *world) {
		eager := lockstep.Mark{Key: cus1, Priority: lockstep.Normal, Delay: time.Hour, Eager: true}
		for _, entitled := range []string{"sub_1", ""} {
			w.save(lockstep.Record{Account: acme, CustomerID: "cus_1", EntitledBy: entitled})
			w.deliverMark("evt_"+entitled, eager)
			if waits := near(w.work(acme.Key()).RunAt, time.Hour); waits != (entitled != "") {
				w.Errorf("entitled by %q: it waits: %v", entitled, waits)
			}
		}
		w.done(w.claim(acme.Key()))
	},
	"an eager mark of a further customer": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1"})
		w.link(alice, "cus_2", lockstep.Claimed)
		w.drain()
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus2, Delay: time.Hour, Eager: true}))
		w.done(w.claim(alice.Key()))
	},
	"an eager mark of an unknown customer waits": func(w *world) {
		w.deliverMark("evt_1", lockstep.Mark{Key: cus1, Delay: time.Hour, Eager: true})
		w.idle()
	},
}

// settle ends a run that found its key settled.
func (w *world) settle(claim lockstep.Claim, quiet time.Duration) {
	w.Helper()
	w.finish(claim, lockstep.Outcome{Disposition: lockstep.Done, QuietUntil: time.Now().Add(quiet)})
}

// gather marks a key as an event does.
func (w *world) gather(key lockstep.Key, priority lockstep.Priority) {
	w.Helper()
	w.ok(w.Mark(w.Context(), lockstep.Mark{Key: key, Scope: lockstep.ScopeSubscriptions, Priority: priority,
		Gathers: true}))
}

// deliverMark receives an event that makes a mark.
func (w *world) deliverMark(id string, mark lockstep.Mark) {
	w.Helper()
	d := delivery(id, mark.Key)
	d.Mark = &mark
	_, err := w.Receive(w.Context(), []lockstep.Delivery{d})
	w.ok(err)
}
