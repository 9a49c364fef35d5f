package storetest

import (
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// ids returns the ids of the events that match, over all pages.
func (w *world) ids(filter lockstep.EventFilter) (ids []string, pages int) {
	w.Helper()
	for {
		page, err := w.Events(w.Context(), filter)
		w.ok(err)
		pages++
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		if page.Next == "" {
			return ids, pages
		}
		filter.Before = page.Next
	}
}

var events = map[string]func(*world){
	"pages are newest first and complete": func(w *world) {
		var want []string
		for i := range 7 {
			w.deliver(fmt.Sprintf("evt_%d", i), cus1)
			want = append([]string{fmt.Sprintf("evt_%d", i)}, want...)
		}
		for limit, wantPages := range map[int]int{0: 1, 3: 3, 7: 1, 100: 1} {
			ids, pages := w.ids(lockstep.EventFilter{Limit: limit})
			equal(w, "ids", ids, want)
			equal(w, fmt.Sprintf("pages of %d", limit), pages, wantPages)
		}
	},
	"new events do not shift a page": func(w *world) {
		w.deliver("evt_1", cus1)
		w.deliver("evt_2", cus1)
		page, err := w.Events(w.Context(), lockstep.EventFilter{Limit: 1})
		w.ok(err)
		w.deliver("evt_3", cus1)
		ids, _ := w.ids(lockstep.EventFilter{Before: page.Next})
		equal(w, "second page", ids, []string{"evt_1"})
	},
	"a filter selects events": func(w *world) {
		w.deliver("evt_done", cus1)
		w.done(w.claim(cus1))
		w.deliver("evt_failed", cus2)
		w.finish(w.claim(cus2), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		ignored := delivery("msg_ignored", cus1)
		ignored.Mark, ignored.Event.Source = nil, lockstep.Clerk
		_, err := w.Receive(w.Context(), []lockstep.Delivery{ignored})
		w.ok(err)
		w.deliver("evt_pending", cus1)
		for _, c := range []struct {
			filter lockstep.EventFilter
			want   []string
		}{
			{lockstep.EventFilter{Source: lockstep.Clerk}, []string{"msg_ignored"}},
			{lockstep.EventFilter{Source: lockstep.Stripe}, []string{"evt_pending", "evt_failed", "evt_done"}},
			{lockstep.EventFilter{Status: lockstep.EventPending}, []string{"evt_pending"}},
			{lockstep.EventFilter{Status: lockstep.EventFailed}, []string{"evt_failed"}},
			{lockstep.EventFilter{Status: lockstep.EventDone}, []string{"evt_done"}},
			{lockstep.EventFilter{Status: lockstep.EventIgnored}, []string{"msg_ignored"}},
			{lockstep.EventFilter{Key: cus1}, []string{"evt_pending", "evt_done"}},
			{lockstep.EventFilter{Key: cus1, Status: lockstep.EventDone}, []string{"evt_done"}},
			{lockstep.EventFilter{Key: cus1, Status: lockstep.EventPending, Source: lockstep.Clerk}, nil},
			{lockstep.EventFilter{Key: cus2, Status: lockstep.EventFailed, Source: lockstep.Stripe}, []string{"evt_failed"}},
			{lockstep.EventFilter{Status: lockstep.EventFailed, Source: lockstep.Clerk}, nil},
		} {
			ids, _ := w.ids(c.filter)
			equal(w, fmt.Sprintf("%+v", c.filter), ids, c.want)
		}
	},
	"a filter by type or time selects events": func(w *world) {
		at := func(id, kind string, ago time.Duration, key lockstep.Key) {
			d := delivery(id, key)
			d.Event.Type, d.Event.ReceivedAt = kind, time.Now().Add(-ago)
			_, err := w.Receive(w.Context(), []lockstep.Delivery{d})
			w.ok(err)
		}
		for i, hours := range []int{50, 40, 30, 20, 10, 0} {
			at(fmt.Sprintf("evt_%d", i), []string{"paid", "renamed"}[i%2], time.Duration(hours)*time.Hour,
				[]lockstep.Key{cus1, cus2}[i/3])
		}
		ago := func(hours int) time.Time { return time.Now().Add(-time.Duration(hours) * time.Hour) }
		for _, c := range []struct {
			filter lockstep.EventFilter
			want   []string
		}{
			{lockstep.EventFilter{Type: "paid"}, []string{"evt_4", "evt_2", "evt_0"}},
			{lockstep.EventFilter{Since: ago(25)}, []string{"evt_5", "evt_4", "evt_3"}},
			{lockstep.EventFilter{Until: ago(25)}, []string{"evt_2", "evt_1", "evt_0"}},
			{lockstep.EventFilter{Since: ago(45), Until: ago(15)}, []string{"evt_3", "evt_2", "evt_1"}},
			{lockstep.EventFilter{Since: ago(45), Until: ago(15), Type: "paid"}, []string{"evt_2"}},
			{lockstep.EventFilter{Since: ago(100), Until: ago(60)}, nil},
			{lockstep.EventFilter{Since: time.Now().Add(time.Hour)}, nil},
			{lockstep.EventFilter{Key: cus1, Since: ago(45), Type: "paid"}, []string{"evt_2"}},
			{lockstep.EventFilter{Key: cus2, Until: ago(5)}, []string{"evt_4", "evt_3"}},
			{lockstep.EventFilter{Status: lockstep.EventPending, Since: ago(45), Until: ago(15)},
				[]string{"evt_3", "evt_2", "evt_1"}},
			{lockstep.EventFilter{Status: lockstep.EventPending, Type: "renamed", Source: lockstep.Stripe},
				[]string{"evt_5", "evt_3", "evt_1"}},
		} {
			for _, limit := range []int{1, 2, 50} {
				c.filter.Limit = limit
				ids, _ := w.ids(c.filter)
				equal(w, fmt.Sprintf("%+v", c.filter), ids, c.want)
			}
		}
	},
	"a time finds events that were numbered out of order": func(w *world) {
		for i, seconds := range []int{30, 60, 20, 50, 10} {
			d := delivery(fmt.Sprintf("evt_%d", i), cus1)
			d.Event.ReceivedAt = time.Now().Add(-time.Duration(seconds) * time.Second)
			_, err := w.Receive(w.Context(), []lockstep.Delivery{d})
			w.ok(err)
		}
		for seconds, want := range map[int][]string{15: {"evt_4"}, 25: {"evt_4", "evt_2"}, 40: {"evt_4", "evt_2", "evt_0"}} {
			ids, _ := w.ids(lockstep.EventFilter{Since: time.Now().Add(-time.Duration(seconds) * time.Second)})
			equal(w, fmt.Sprintf("since %d s", seconds), ids, want)
		}
		ids, _ := w.ids(lockstep.EventFilter{Until: time.Now().Add(-40 * time.Second)})
		equal(w, "until", ids, []string{"evt_3", "evt_1"})
	},
	"no page of any filter repeats or misses an event while others arrive": func(w *world) {
		for i := range 12 {
			w.deliver(fmt.Sprintf("evt_%02d", i), cus1)
		}
		for n, filter := range []lockstep.EventFilter{{}, {Key: cus1}, {Status: lockstep.EventPending},
			{Source: lockstep.Stripe}, {Key: cus1, Status: lockstep.EventPending},
			{Since: time.Now().Add(-time.Hour), Type: "customer.subscription.updated"}} {
			want, _ := w.ids(filter)
			filter.Limit = 5
			var got []string
			for {
				page, err := w.Events(w.Context(), filter)
				w.ok(err)
				for _, e := range page.Events {
					got = append(got, e.ID)
				}
				w.deliver(fmt.Sprintf("evt_new_%d_%d", n, len(got)), cus1)
				if filter.Before = page.Next; filter.Before == "" {
					break
				}
			}
			equal(w, fmt.Sprintf("%+v", filter), got, want)
		}
	},
	"bodies can be left out": func(w *world) {
		w.deliver("evt_1", cus1)
		for _, filter := range []lockstep.EventFilter{{}, {Key: cus1}, {Status: lockstep.EventPending}} {
			filter.Bodiless = true
			page, err := w.Events(w.Context(), filter)
			w.ok(err)
			if len(page.Events) != 1 || page.Events[0].Body != nil || page.Events[0].Type == "" {
				w.Errorf("%+v: %+v", filter, page.Events)
			}
		}
	},
	"an invalid cursor is refused": func(w *world) {
		if _, err := w.Events(w.Context(), lockstep.EventFilter{Before: "yesterday"}); err == nil {
			w.Error("want an error")
		}
	},
	"the tally counts the open events by status": func(w *world) {
		tally, err := w.EventTally(w.Context())
		w.ok(err)
		equal(w, "empty tally", tally, map[lockstep.EventStatus]int64{})
		w.deliver("evt_1", cus1)
		w.deliver("evt_2", cus1)
		w.done(w.claim(cus1))
		w.deliver("evt_3", cus2)
		w.finish(w.claim(cus2), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody"})
		w.deliver("evt_4", cus1)
		w.deliver("evt_4", cus1)
		tally, err = w.EventTally(w.Context())
		w.ok(err)
		equal(w, "tally", tally, map[lockstep.EventStatus]int64{lockstep.EventParked: 1, lockstep.EventPending: 1})
	},
}
