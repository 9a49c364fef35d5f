package storetest

import (
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// many is more rows than one statement takes.
const many = 32 + 8 + 2 + 1

// batch checks that a batch has the same effect as its items one by one.
var batch = map[string]func(*world){
	"a batch of deliveries has the same effect as each of them alone": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_former", CustomerDeleted: true})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_now"})
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_acme"})
		w.deliver("evt_known", cus1)
		w.done(w.claim(cus1))
		var deliveries []lockstep.Delivery
		lands := map[string]lockstep.Key{}
		for i := range many {
			id := fmt.Sprintf("evt_%d", i)
			key := customerKey(fmt.Sprintf("cus_%d", i))
			lands[id] = key
			switch i % 10 {
			case 3:
				key, lands[id] = customerKey("cus_former"), alice.Key()
			case 5:
				key, lands[id] = customerKey("cus_now"), alice.Key()
			case 7:
				key, lands[id] = customerKey("cus_acme"), acme.Key()
			}
			deliveries = append(deliveries, delivery(id, key))
		}
		deliveries = append(deliveries, delivery("evt_known", cus2), deliveries[0])
		receipts, err := w.Receive(w.Context(), deliveries)
		w.ok(err)
		for _, r := range receipts[:many] {
			equal(w, "receipt", r, lockstep.Receipt{Stored: true, Marked: true})
		}
		equal(w, "receipts of duplicates", receipts[many:], []lockstep.Receipt{{}, {}})
		again, err := w.Receive(w.Context(), deliveries)
		w.ok(err)
		equal(w, "receipts of a batch that was stored", again, make([]lockstep.Receipt, len(deliveries)))
		for _, c := range w.take(time.Minute) {
			w.done(c)
		}
		page, err := w.Events(w.Context(), lockstep.EventFilter{Limit: 1000})
		w.ok(err)
		equal(w, "events", len(page.Events), many+1)
		for _, e := range page.Events {
			if key, of := lands[e.ID]; of && (e.Key != key || e.Status != lockstep.EventDone ||
				string(e.Body) != `{"id":"`+e.ID+`"}`) {
				w.Errorf("event %s is %s of %s: %s", e.ID, e.Status, e.Key, e.Body)
			}
		}
	},
	"many marks at once have the same effect as each of them alone": func(w *world) {
		var keys []lockstep.Key
		for i := range many {
			keys = append(keys, customerKey(fmt.Sprint(i)))
			w.mark(keys[i], lockstep.ScopeCustomer, lockstep.Background)
		}
		start := time.Now()
		for i, c := range w.take(time.Minute) {
			switch i % 3 {
			case 0: // a run holds it
			case 1:
				w.finish(c, lockstep.Outcome{Disposition: lockstep.Retry, At: start.Add(time.Hour), Reason: "later"})
			case 2:
				w.done(c)
			}
		}
		var marks []lockstep.Mark
		for i, key := range keys {
			marks = append(marks, lockstep.Mark{Key: key, Scope: lockstep.ScopeSubscriptions,
				Priority: lockstep.Priority(i % 2), Delay: time.Duration(i) * time.Minute})
		}
		w.ok(w.Mark(w.Context(), marks...))
		for i, key := range keys {
			work := w.work(key)
			if work.Generation != 2 || !work.Scope.Has(lockstep.ScopeSubscriptions) {
				w.Errorf("%s is %+v", key, work)
			}
			switch {
			case work.Disposition != lockstep.Retry:
				if !near(work.RunAt, marks[i].Delay) || work.Priority != marks[i].Priority {
					w.Errorf("%s is %+v, which was marked %+v", key, work, marks[i])
				}
			case marks[i].Priority == lockstep.Interactive && !soon(work.RunAt, start):
				w.Errorf("%s was in backoff and somebody waits: %+v", key, work)
			case marks[i].Priority != lockstep.Interactive && work.RunAt.Sub(start) < 59*time.Minute:
				w.Errorf("%s was in backoff: %+v", key, work)
			}
		}
	},
}
