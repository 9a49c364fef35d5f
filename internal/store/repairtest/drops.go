package repairtest

import (
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// drop drops a key.
func (w *world) drop(key lockstep.Key) lockstep.Work {
	w.Helper()
	before, err := w.Drop(w.Context(), lockstep.Drop{Key: key, Reason: "dropped by key/ada"})
	w.ok(err)
	return before
}

// refuses checks that a drop is refused and changes nothing.
func (w *world) refuses(want error, drop lockstep.Drop) {
	w.Helper()
	before, known := w.Work(w.Context(), drop.Key)
	if _, err := w.Drop(w.Context(), drop); !errors.Is(err, want) {
		w.Errorf("drop %s: %v, want %v", drop.Key, err, want)
	}
	if known == nil {
		equal(w, "work after a refused drop", w.work(drop.Key), before)
	}
}

var drops = map[string]func(*world){
	"a dropped key does not run, and its events are dropped": func(w *world) {
		w.parked("evt_1", cus1)
		before := w.drop(cus1)
		equal(w, "before", before.Status(), lockstep.WorkParked)
		w.idle()
		work := w.work(cus1)
		if work.Status() != lockstep.WorkDropped || work.Reason != "dropped by key/ada" || work.Attempts != 0 {
			w.Errorf("got %+v", work)
		}
		w.eventIs("evt_1", cus1, lockstep.EventDropped, "dropped by key/ada")
		ids := w.ids(lockstep.EventFilter{Status: lockstep.EventDropped})
		equal(w, "dropped", ids, []string{"evt_1"})
		ids = w.ids(lockstep.EventFilter{Key: cus1, Status: lockstep.EventDone})
		equal(w, "done", ids, nil)
		tally, err := w.EventTally(w.Context())
		w.ok(err)
		equal(w, "tally", tally, map[lockstep.EventStatus]int64{})
		page, err := w.OpenWork(w.Context(), lockstep.WorkFilter{})
		w.ok(err)
		equal(w, "open", page.Work, nil)
		waiting, err := w.WaitingFor(w.Context(), alice.Key())
		w.ok(err)
		equal(w, "waiting", waiting, nil)
	},
	"a new event brings a dropped key back": func(w *world) {
		w.parked("evt_1", cus1)
		w.drop(cus1)
		w.deliver("evt_2", cus1)
		w.done(w.claim(cus1))
		w.eventIs("evt_2", cus1, lockstep.EventDone, "")
		w.eventIs("evt_1", cus1, lockstep.EventDropped, "dropped by key/ada")
		equal(w, "status", w.work(cus1).Status(), lockstep.WorkDone)
	},
	"a replay brings a dropped event back": func(w *world) {
		w.parked("evt_1", cus1)
		w.drop(cus1)
		if r := w.replay("evt_1"); len(r) != 1 || !r[0].Reopened || r[0].Event.Status != lockstep.EventDropped {
			w.Errorf("got %+v", r)
		}
		w.eventIs("evt_1", cus1, lockstep.EventPending, "")
		w.done(w.claim(cus1))
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
	},
	"a drop is refused": func(w *world) {
		sweep := lockstep.Key{Kind: lockstep.KeySweep, ID: "verify"}
		w.finish(w.hold(sweep), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		w.refuses(lockstep.ErrInvalid, lockstep.Drop{Key: sweep})
		w.mark(cus2.Wake(), 0, lockstep.Background)
		w.refuses(lockstep.ErrInvalid, lockstep.Drop{Key: cus2.Wake()})
		w.refuses(lockstep.ErrNotFound, lockstep.Drop{Key: cus2})
		w.ok(w.Finish(w.Context(), w.claim(cus2.Wake()), lockstep.Outcome{Disposition: lockstep.Done}))
		held := w.hold(cus2)
		w.refuses(lockstep.ErrBusy, lockstep.Drop{Key: cus2})
		w.done(held)
		w.refuses(lockstep.ErrNotFound, lockstep.Drop{Key: cus2})
		w.link(alice, customerKey("cus_of_alice"))
		w.settle()
		w.finish(w.hold(alice.Key()), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		w.refuses(lockstep.ErrInUse, lockstep.Drop{Key: alice.Key()})
		w.parked("evt_1", cus1)
		w.refuses(lockstep.ErrPaid, lockstep.Drop{Key: cus1, Unless: []string{"invoice.paid", "customer.subscription.updated"}})
		w.eventIs("evt_1", cus1, lockstep.EventParked, "nobody")
		w.drop(cus1)
		w.refuses(lockstep.ErrNotFound, lockstep.Drop{Key: cus1})
	},
	"an unknown account can be dropped": func(w *world) {
		w.finish(w.hold(bob.Key()), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "the directory does not know it"})
		equal(w, "before", w.drop(bob.Key()).Status(), lockstep.WorkParked)
	},
	"a dropped customer that is linked gives its account everything": func(w *world) {
		w.parked("evt_1", cus1)
		w.drop(cus1)
		w.link(alice, cus1)
		equal(w, "scope", w.claim(alice.Key()).Scope&lockstep.ScopeAll, lockstep.ScopeAll)
	},
	"a key with many events is dropped in several transactions": func(w *world) {
		for i := range 3*StepRows + 2 {
			w.deliver(fmt.Sprintf("evt_%d", i), cus1)
		}
		w.drop(cus1)
		dropped := w.ids(lockstep.EventFilter{Key: cus1, Status: lockstep.EventDropped})
		equal(w, "dropped", len(dropped), 3*StepRows+2)
		w.idle()
	},
	"an event that arrives during a drop is dropped or pending": func(w *world) {
		w.parked("evt_first", cus1)
		const events = 20
		failed := make(chan error, 1)
		go func() {
			for i := range events {
				if _, err := w.Receive(w.Context(), []lockstep.Delivery{delivery(fmt.Sprintf("evt_%d", i), cus1)}); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
		for ended := false; !ended; {
			_, err := w.Drop(w.Context(), lockstep.Drop{Key: cus1, Reason: "dropped"})
			if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
				w.Fatal(err)
			}
			select {
			case err := <-failed:
				w.ok(err)
				ended = true
			default:
			}
		}
		open := w.ids(lockstep.EventFilter{Status: lockstep.EventPending})
		if work := w.work(cus1); len(open) > 0 && !work.Pending() {
			w.Errorf("the events %v wait for a key that is %s", open, work.Status())
		}
	},
}
