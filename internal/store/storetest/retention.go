package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const day = 24 * time.Hour

var retentionKey = lockstep.Key{Kind: lockstep.KeySweep, ID: "retention"}

// arrived stores an event of this age. With an empty key it is ignored.
func (w *world) arrived(id string, ago time.Duration, key lockstep.Key) {
	w.Helper()
	d := delivery(id, key)
	d.Event.ReceivedAt = time.Now().Add(-ago)
	if key.IsZero() {
		d.Mark = nil
	}
	_, err := w.Receive(w.Context(), []lockstep.Delivery{d})
	w.ok(err)
}

// dropBodies drops all bodies that are older than age.
func (w *world) dropBodies(age time.Duration) {
	w.Helper()
	claim := w.hold(retentionKey)
	for more := true; more; {
		var err error
		more, err = w.ExpireBodies(w.Context(), claim, age)
		w.ok(err)
	}
	w.done(claim)
}

// dropEvents removes all events that are older than age. It returns how many it removed, and in how
// many pages.
func (w *world) dropEvents(age time.Duration) (removed int64, pages int) {
	w.Helper()
	claim := w.hold(retentionKey)
	for after := ""; ; {
		next, n, err := w.ExpireEvents(w.Context(), claim, age, after)
		w.ok(err)
		removed, pages = removed+n, pages+1
		if after = next; next == "" {
			w.done(claim)
			return removed, pages
		}
	}
}

// bodies returns the ids of the events that have a body, newest first.
func (w *world) bodies() (ids []string) {
	w.Helper()
	page, err := w.Events(w.Context(), lockstep.EventFilter{Limit: 1000})
	w.ok(err)
	for _, e := range page.Events {
		if len(e.Body) > 0 {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

var retention = map[string]func(*world){
	"old bodies of settled events are dropped; the events stay": func(w *world) {
		w.arrived("evt_done", 100*day, cus1)
		w.done(w.claim(cus1))
		w.arrived("evt_ignored", 100*day, lockstep.Key{})
		w.arrived("evt_parked", 100*day, cus2)
		w.finish(w.claim(cus2), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody"})
		w.arrived("evt_failed", 100*day, checkoutKey("cs_1"))
		w.finish(w.claim(checkoutKey("cs_1")), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		w.arrived("evt_pending", 100*day, cus1)
		held := w.claim(cus1)
		w.arrived("evt_other", 200*day, lockstep.Key{})
		w.arrived("evt_young", 29*day, lockstep.Key{})
		w.dropBodies(30 * day)
		equal(w, "with a body", w.bodies(), []string{"evt_young", "evt_pending", "evt_failed", "evt_parked"})
		equal(w, "the body of what is open", string(w.event("evt_parked").Body), `{"id":"evt_parked"}`)
		ids, _ := w.ids(lockstep.EventFilter{})
		equal(w, "all", len(ids), 7)
		equal(w, "the same again", w.deliver("evt_done", cus1), lockstep.Receipt{})

		w.done(held)
		w.dropBodies(30 * day)
		equal(w, "with a body, when one more is settled", w.bodies(), []string{"evt_young", "evt_failed", "evt_parked"})
	},
	"many bodies are dropped in parts": func(w *world) {
		deliveries := make([]lockstep.Delivery, 700)
		for i := range deliveries {
			deliveries[i] = delivery(fmt.Sprintf("evt_%03d", i), cus1)
			deliveries[i].Mark, deliveries[i].Event.ReceivedAt = nil, time.Now().Add(-100*day)
		}
		_, err := w.Receive(w.Context(), deliveries)
		w.ok(err)
		equal(w, "with a body, before", len(w.bodies()), 700)
		w.dropBodies(30 * day)
		equal(w, "with a body", w.bodies(), nil)
	},
	"old settled events are removed, and count as new afterwards": func(w *world) {
		w.arrived("evt_done", 100*day, cus1)
		w.done(w.claim(cus1))
		w.arrived("evt_ignored", 100*day, lockstep.Key{})
		w.arrived("evt_parked", 100*day, cus2)
		w.finish(w.claim(cus2), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody"})
		w.arrived("evt_young", 80*day, cus1)
		w.done(w.claim(cus1))
		removed, _ := w.dropEvents(90 * day)
		equal(w, "removed", removed, 2)
		ids, _ := w.ids(lockstep.EventFilter{})
		equal(w, "kept", ids, []string{"evt_young", "evt_parked"})
		tally, err := w.EventTally(w.Context())
		w.ok(err)
		equal(w, "tally", tally, map[lockstep.EventStatus]int64{lockstep.EventParked: 1})
		equal(w, "a duplicate of what is kept", w.deliver("evt_young", cus1), lockstep.Receipt{})
		equal(w, "a duplicate of what is gone", w.deliver("evt_done", cus1), lockstep.Receipt{Stored: true, Marked: true})
	},
	"many events are removed page by page, past open ones": func(w *world) {
		const events = 1700
		deliveries := make([]lockstep.Delivery, events)
		for i := range deliveries {
			deliveries[i] = delivery(fmt.Sprintf("evt_%04d", i), cus1)
			deliveries[i].Event.ReceivedAt = time.Now().Add(-100 * day)
			switch {
			case i >= 1600:
				deliveries[i].Event.ReceivedAt = time.Now()
				fallthrough
			case i >= 700:
				deliveries[i].Mark = nil
			}
		}
		_, err := w.Receive(w.Context(), deliveries)
		w.ok(err)
		w.claim(cus1)
		removed, pages := w.dropEvents(90 * day)
		equal(w, "removed", removed, 900)
		equal(w, "pages", pages, 4)
		tally, err := w.EventTally(w.Context())
		w.ok(err)
		equal(w, "tally", tally, map[lockstep.EventStatus]int64{lockstep.EventPending: 700})
		removed, pages = w.dropEvents(90 * day)
		equal(w, "removed again", removed, 0)
		equal(w, "pages again", pages, 2)
	},
	"a run that lost its lease drops nothing": func(w *world) {
		w.arrived("evt_old", 100*day, lockstep.Key{})
		w.mark(retentionKey, 0, lockstep.Normal)
		late := w.take(0)[0]
		w.take(time.Minute)
		if _, err := w.ExpireBodies(w.Context(), late, day); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("bodies: %v, want ErrLeaseLost", err)
		}
		if _, _, err := w.ExpireEvents(w.Context(), late, day, ""); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("events: %v, want ErrLeaseLost", err)
		}
		equal(w, "with a body", w.bodies(), []string{"evt_old"})
	},
	"an invalid cursor is refused by the removal too": func(w *world) {
		if _, _, err := w.ExpireEvents(w.Context(), w.hold(retentionKey), day, "yesterday"); !errors.Is(err,
			lockstep.ErrInvalid) {
			w.Errorf("got %v, want ErrInvalid", err)
		}
	},
}
