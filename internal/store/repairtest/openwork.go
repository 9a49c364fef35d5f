package repairtest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// open returns the open keys that match, over all pages. between runs after each page.
func (w *world) openKeys(filter lockstep.WorkFilter, between func()) (keys []string) {
	w.Helper()
	for {
		page, err := w.OpenWork(w.Context(), filter)
		w.ok(err)
		for _, o := range page.Work {
			keys = append(keys, o.Key.String())
		}
		between()
		if page.Next == "" {
			return keys
		}
		filter.After = page.Next
	}
}

func nothing() {}

// fillWork makes open work of every state, and some that is done.
func (w *world) fillWork() {
	w.Helper()
	w.done(w.hold(customerKey("done")))
	for _, id := range []string{"p1", "p2", "p3"} {
		w.parked("evt_"+id, customerKey(id))
	}
	for _, id := range []string{"f1", "f2"} {
		w.finish(w.hold(lockstep.Key{Kind: lockstep.KeyEmail, ID: id}),
			lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
	}
	w.parked("evt_again", customerKey("again"))
	w.mark(customerKey("again"), 0, lockstep.Interactive)
	w.mark(customerKey("soon"), 0, lockstep.Normal)
	w.ok(w.Mark(w.Context(), lockstep.Mark{Key: customerKey("later"), Priority: lockstep.Normal, Delay: time.Hour}))
	w.mark(alice.Key(), 0, lockstep.Background)
}

var openWork = map[string]func(*world){
	"keys that failed or parked come first, then the most urgent": func(w *world) {
		w.fillWork()
		parked := []string{"customer/p1", "customer/p2", "customer/p3"}
		failed := []string{"mail/f1", "mail/f2"}
		pending := []string{"customer/again", "customer/soon", "customer/later", "user/user_alice"}
		for _, c := range []struct {
			filter lockstep.WorkFilter
			want   []string
		}{
			{lockstep.WorkFilter{}, slices.Concat(parked, failed, pending)},
			{lockstep.WorkFilter{Status: lockstep.WorkParked}, parked},
			{lockstep.WorkFilter{Status: lockstep.WorkFailed}, failed},
			{lockstep.WorkFilter{Status: lockstep.WorkPending}, pending},
			{lockstep.WorkFilter{Kind: lockstep.KeyCustomer}, slices.Concat(parked, pending[:3])},
			{lockstep.WorkFilter{Kind: lockstep.KeyUser}, pending[3:]},
			{lockstep.WorkFilter{Kind: lockstep.KeyEmail, Status: lockstep.WorkFailed}, failed},
			{lockstep.WorkFilter{Kind: lockstep.KeyEmail, Status: lockstep.WorkParked}, nil},
			{lockstep.WorkFilter{Kind: lockstep.KeyNotice}, nil},
			{lockstep.WorkFilter{Key: customerKey("p2")}, parked[1:2]},
			{lockstep.WorkFilter{Key: customerKey("p2"), Status: lockstep.WorkFailed}, nil},
			{lockstep.WorkFilter{Key: customerKey("done")}, nil},
			{lockstep.WorkFilter{Key: customerKey("none")}, nil},
		} {
			for _, limit := range []int{0, 1, 2, 3, 9} {
				c.filter.Limit = limit
				equal(w, fmt.Sprintf("%+v", c.filter), w.openKeys(c.filter, nothing), c.want)
			}
		}
	},
	"an entry says what the queue knows, and since when": func(w *world) {
		d := delivery("evt_1", cus1)
		d.Event.ReceivedAt = time.Now().Add(-time.Hour).Truncate(time.Millisecond)
		_, err := w.Receive(w.Context(), []lockstep.Delivery{d})
		w.ok(err)
		w.deliver("evt_2", cus1)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		held := w.hold(cus2)
		page, err := w.OpenWork(w.Context(), lockstep.WorkFilter{})
		w.ok(err)
		if len(page.Work) != 2 {
			w.Fatalf("got %+v", page)
		}
		for i, key := range []lockstep.Key{cus1, cus2} {
			equal(w, key.String(), page.Work[i].Work, w.work(key))
		}
		if !page.Work[0].Since.Equal(d.Event.ReceivedAt) || !page.Work[1].Since.IsZero() {
			w.Errorf("since %s and %s", page.Work[0].Since, page.Work[1].Since)
		}
		equal(w, "leased until", page.Work[1].LeaseUntil, held.LeaseUntil)
	},
	"no page repeats or misses a key while others are added": func(w *world) {
		w.fillWork()
		want := w.openKeys(lockstep.WorkFilter{}, nothing)
		added := 0
		got := w.openKeys(lockstep.WorkFilter{Limit: 2}, func() {
			added++
			w.mark(customerKey(fmt.Sprintf("a%d", added)), 0, lockstep.Interactive)
			w.ok(w.Mark(w.Context(), lockstep.Mark{Key: customerKey(fmt.Sprintf("z%d", added)), Priority: lockstep.Background,
				Delay: time.Hour}))
		})
		known := slices.DeleteFunc(slices.Clone(got), func(key string) bool { return !slices.Contains(want, key) })
		equal(w, "keys that were there from the start", known, want)
		slices.Sort(got)
		equal(w, "repeated", len(slices.Compact(slices.Clone(got))), len(got))
	},
	"keys that are due at the same time are all listed": func(w *world) {
		var marks []lockstep.Mark
		var want []string
		for i := range 10 {
			marks = append(marks, lockstep.Mark{Key: customerKey(fmt.Sprintf("cus_%d", i)), Priority: lockstep.Normal})
			want = append(want, marks[i].Key.String())
		}
		w.ok(w.Mark(w.Context(), marks...))
		got := w.openKeys(lockstep.WorkFilter{Limit: 3}, nothing)
		slices.Sort(got)
		equal(w, "keys", got, want)
	},
	"an invalid cursor of work is refused": func(w *world) {
		for _, cursor := range []string{"yesterday", "pending:x:1:user/a", "pending:1:y:user/a", "pending:1",
			"pending:-5:1:user/a", "pending:7:1:user/a"} {
			if _, err := w.OpenWork(w.Context(), lockstep.WorkFilter{After: cursor}); !errors.Is(err, lockstep.ErrInvalid) {
				w.Errorf("%s: %v", cursor, err)
			}
		}
	},
}
