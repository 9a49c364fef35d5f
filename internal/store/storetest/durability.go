package storetest

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var durability = map[string]func(*world){
	"everything is there after the store is reopened": func(w *world) {
		w.save(fullRecord())
		w.save(lockstep.Record{Account: alice})
		w.ok(w.SaveLicense(w.Context(), w.hold(checkoutKey("cs_1")), license("cs_1", "pi_1"), nil))
		w.done(w.claim(alice.Key()))
		w.park("evt_1", cus2, bob.Key())
		w.ok(w.SaveCursor(w.Context(), w.hold(sweepKey), "events", "evt_1", nil))
		held := w.hold(bob.Key())
		acmeBefore, aliceBefore := w.account(acme), w.account(alice)
		page, err := w.Events(w.Context(), lockstep.EventFilter{})
		w.ok(err)
		backlog, err := w.Backlog(w.Context(), 100)
		w.ok(err)

		w.reopen()

		equal(w, "acme", w.account(acme), acmeBefore)
		equal(w, "alice", w.account(alice), aliceBefore)
		after, err := w.Events(w.Context(), lockstep.EventFilter{})
		w.ok(err)
		equal(w, "events", after, page)
		backlogAfter, err := w.Backlog(w.Context(), 100)
		w.ok(err)
		equal(w, "backlog", backlogAfter, backlog)
		w.waits(bob.Key(), cus2)
		cursor, err := w.Cursor(w.Context(), "events")
		w.ok(err)
		equal(w, "cursor", cursor, "evt_1")
		equal(w, "duplicate", w.deliver("evt_1", cus2), lockstep.Receipt{})
		w.done(held) // a claim outlives its store
	},
	"closing waits for running operations and refuses others": func(w *world) {
		results := make(chan error)
		for range 20 {
			go func() {
				_, err := w.Receive(w.Context(), []lockstep.Delivery{delivery("evt_1", cus1)})
				results <- err
			}()
		}
		w.ok(w.Close())
		acked := 0
		for range 20 {
			if err := <-results; err == nil {
				acked++
			}
		}
		if err := w.Ping(w.Context()); err == nil {
			w.Error("a closed store answers")
		}
		w.ok(w.Close())
		w.reopen()
		if stored := len(w.take(time.Minute)); stored == 0 && acked > 0 {
			w.Errorf("%d were acknowledged and none is stored", acked)
		}
	},
	"a cancelled write leaves the store usable": func(w *world) {
		for range 20 {
			ctx, cancel := context.WithCancel(w.Context())
			go cancel()
			_ = w.Mark(ctx, lockstep.Mark{Key: cus1}) // it may succeed or fail
			cancel()
		}
		w.ok(w.Ping(w.Context()))
		w.deliver("evt_1", cus1)
		w.done(w.claim(cus1))
	},
}

// reopen closes the store and opens its database again.
func (w *world) reopen() {
	w.Helper()
	w.ok(w.Close())
	w.Store = w.open(w.T)
}
