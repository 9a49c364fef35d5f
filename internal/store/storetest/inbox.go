package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var inbox = map[string]func(*world){
	"texts that a database cannot store are replaced": func(w *world) {
		d := delivery("evt_\x00\xff1", customerKey("cus_\x00"))
		d.Event.Type, d.Event.Body = "odd\x00\xc3\x28", []byte("{\x00\xff}")
		receipts, err := w.Receive(w.Context(), []lockstep.Delivery{delivery("evt_2", cus1), d, d})
		w.ok(err)
		if !receipts[0].Stored || !receipts[1].Stored || receipts[2].Stored {
			w.Errorf("got %+v", receipts)
		}
		page, err := w.Events(w.Context(), lockstep.EventFilter{})
		w.ok(err)
		at := slices.IndexFunc(page.Events, func(e lockstep.Event) bool { return e.ID != "evt_2" })
		if len(page.Events) != 2 || string(page.Events[at].Body) != "{\x00\xff}" {
			w.Fatalf("got %+v", page.Events)
		}
		for _, c := range w.take(time.Minute) {
			w.done(c)
		}
		w.eventIs(page.Events[at].ID, page.Events[at].Key, lockstep.EventDone, "")
		w.save(lockstep.Record{Account: alice, Name: "Al\x00ice \xf0\x9f"})
	},
	"an event is stored as it was delivered": func(w *world) {
		sent := lockstep.Event{Source: lockstep.Clerk, ID: "msg_1", Type: "user.updated", Origin: lockstep.Scanned,
			ObjectID: "user_alice", CustomerID: "cus_1", APIVersion: "2026-01-01", Body: []byte("\x00 exact \xff bytes\n"),
			OccurredAt: time.UnixMilli(1_700_000_000_123).UTC(), ReceivedAt: time.UnixMilli(1_700_000_001_456).UTC()}
		mark := lockstep.Mark{Key: alice.Key(), Scope: lockstep.ScopeIdentity, Priority: lockstep.Normal}
		receipts, err := w.Receive(w.Context(), []lockstep.Delivery{{Event: sent, Mark: &mark}})
		w.ok(err)
		equal(w, "receipts", receipts, []lockstep.Receipt{{Stored: true, Marked: true}})
		want := sent
		want.Key, want.Status = alice.Key(), lockstep.EventPending
		equal(w, "event", w.event("msg_1"), want)
		work := w.work(alice.Key())
		if !work.Pending() || work.Scope != lockstep.ScopeIdentity || work.Priority != lockstep.Normal {
			w.Errorf("its mark made %+v", work)
		}
	},
	"an event without a time was received now": func(w *world) {
		w.deliver("evt_1", cus1)
		if at := w.event("evt_1").ReceivedAt; !near(at, 0) {
			w.Errorf("received at %s", at)
		}
	},
	"a body comes back as it was delivered": func(w *world) {
		for id, body := range map[string]string{"evt_1": `{"id":"evt_1"}`, "evt_2": strings.Repeat(`{"object":"event"} `, 5000),
			"evt_3": "\xff", "evt_4": strings.Repeat("\xff\x00{}", 200), "evt_5": ""} {
			event := delivery(id, cus1)
			event.Event.Body = []byte(body)
			_, err := w.Receive(w.Context(), []lockstep.Delivery{event})
			w.ok(err)
			equal(w, "body of "+id, string(w.event(id).Body), body)
		}
	},
	"a duplicate does nothing": func(w *world) {
		w.deliver("evt_1", cus1)
		w.done(w.claim(cus1))
		again := delivery("evt_1", cus2)
		again.Event.Body = []byte("other")
		receipts, err := w.Receive(w.Context(), []lockstep.Delivery{again})
		w.ok(err)
		equal(w, "receipts", receipts, []lockstep.Receipt{{}})
		w.idle()
		equal(w, "body", string(w.event("evt_1").Body), `{"id":"evt_1"}`)
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
	},
	"a duplicate within a batch does nothing": func(w *world) {
		receipts, err := w.Receive(w.Context(), []lockstep.Delivery{
			delivery("evt_1", cus1), delivery("evt_1", cus2), delivery("evt_2", cus1)})
		w.ok(err)
		equal(w, "receipts", receipts, []lockstep.Receipt{{Stored: true, Marked: true}, {}, {Stored: true, Marked: true}})
		w.done(w.claim(cus1))
		for _, id := range []string{"evt_1", "evt_2"} {
			w.eventIs(id, cus1, lockstep.EventDone, "")
		}
	},
	"the same id of another source is another event": func(w *world) {
		d := delivery("evt_1", cus1)
		d.Event.Source = lockstep.Clerk
		receipts, err := w.Receive(w.Context(), []lockstep.Delivery{d, delivery("evt_1", cus1)})
		w.ok(err)
		if !receipts[0].Stored || !receipts[1].Stored {
			w.Errorf("receipts %v", receipts)
		}
	},
	"an event without a mark is stored as ignored": func(w *world) {
		d := delivery("evt_1", cus1)
		d.Mark, d.Event.Reason = nil, "of another mode"
		receipts, err := w.Receive(w.Context(), []lockstep.Delivery{d})
		w.ok(err)
		equal(w, "receipts", receipts, []lockstep.Receipt{{Stored: true}})
		w.eventIs("evt_1", lockstep.Key{}, lockstep.EventIgnored, "of another mode")
		w.idle()
	},
	"a mark on a linked customer lands on its account": func(w *world) {
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_1"})
		equal(w, "receipt", w.deliver("evt_1", cus1), lockstep.Receipt{Stored: true, Marked: true})
		w.eventIs("evt_1", acme.Key(), lockstep.EventPending, "")
		w.done(w.claim(acme.Key()))
		w.eventIs("evt_1", acme.Key(), lockstep.EventDone, "")
		if _, err := w.Work(w.Context(), cus1); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("the customer has work of its own: %v", err)
		}
	},
	"a mark on a former customer lands on the account": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1", CustomerDeleted: true})
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2"})
		w.deliver("evt_1", cus1)
		w.eventIs("evt_1", alice.Key(), lockstep.EventPending, "")
		w.done(w.claim(alice.Key()))
	},
	"the caller's deliveries are not modified": func(w *world) {
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_1"})
		d := delivery("evt_1", cus1)
		_, err := w.Receive(w.Context(), []lockstep.Delivery{d})
		w.ok(err)
		equal(w, "mark", d.Mark.Key, cus1)
	},
	"a failed receive stores nothing": func(w *world) {
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		receipts, err := w.Receive(ctx, []lockstep.Delivery{delivery("evt_1", cus1)})
		if err == nil || receipts != nil {
			w.Errorf("receipts %v and error %v, want an error alone", receipts, err)
		}
		w.idle()
		equal(w, "receipt", w.deliver("evt_1", cus1), lockstep.Receipt{Stored: true, Marked: true})
	},
	"as many receives run at once as the store says": func(w *world) {
		overlapping, overlaps := w.Store.(lockstep.Overlapping)
		if !overlaps {
			return
		}
		var receives sync.WaitGroup
		for n := range overlapping.Overlap() {
			receives.Go(func() {
				for i := range 20 {
					id := fmt.Sprintf("evt_%d_%d", n, i)
					receipts, err := w.Receive(w.Context(), []lockstep.Delivery{delivery(id, cus1), delivery("evt_shared", cus2)})
					if err != nil || len(receipts) != 2 || !receipts[0].Stored {
						w.Errorf("%s: receipts %+v, %v", id, receipts, err)
					}
				}
			})
		}
		receives.Wait()
		tally, err := w.EventTally(w.Context())
		w.ok(err)
		equal(w, "events", tally[lockstep.EventPending], int64(overlapping.Overlap()*20+1))
	},
	"an empty receive succeeds": func(w *world) {
		receipts, err := w.Receive(w.Context(), nil)
		w.ok(err)
		equal(w, "receipts", receipts, []lockstep.Receipt{})
	},
}
