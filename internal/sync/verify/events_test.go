package verify

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var alice = lockstep.Account{Kind: lockstep.User, ID: "user_alice"}

// eventList is Stripe's list, in pages of 100, and the stored events.
type eventList struct {
	hints  []lockstep.Hint // the newest first
	stored map[lockstep.Key][]string
	calls  int
}

func (l *eventList) EventsSince(_ context.Context, _ time.Time, cursor string) ([]lockstep.Hint, string, error) {
	l.calls++
	from := 0
	for i, h := range l.hints {
		if h.Event.ID == cursor {
			from = i + 1
		}
	}
	page := l.hints[from:min(from+100, len(l.hints))]
	if from+100 >= len(l.hints) {
		return page, "", nil
	}
	return page, page[99].Event.ID, nil
}

func (l *eventList) Events(_ context.Context, filter lockstep.EventFilter) (page lockstep.EventPage, err error) {
	for _, id := range l.stored[filter.Key] {
		page.Events = append(page.Events, lockstep.Event{ID: id})
	}
	return page, nil
}

func event(id, kind, customer, object string, at time.Time) lockstep.Hint {
	return lockstep.Hint{Event: lockstep.Event{ID: id, Type: kind, CustomerID: customer, ObjectID: object, OccurredAt: at}}
}

func TestAMissedEvent(t *testing.T) {
	t.Parallel()
	const updated = "customer.subscription.updated"
	now := time.Now()
	for name, c := range map[string]struct {
		hints  []lockstep.Hint
		stored map[lockstep.Key][]string
		want   string // empty: none
	}{
		"no event": {},
		"one that is stored": {[]lockstep.Hint{event("evt_1", updated, "cus_1", "sub_1", now)},
			map[lockstep.Key][]string{alice.Key(): {"evt_1"}}, ""},
		"stored before the link": {[]lockstep.Hint{event("evt_1", updated, "cus_1", "sub_1", now)},
			map[lockstep.Key][]string{{Kind: lockstep.KeyCustomer, ID: "cus_1"}: {"evt_1"}}, ""},
		"one that is missing":      {[]lockstep.Hint{event("evt_1", updated, "cus_1", "sub_2", now)}, nil, "evt_1"},
		"another customer's":       {[]lockstep.Hint{event("evt_1", updated, "cus_2", "sub_2", now)}, nil, ""},
		"of a type without effect": {[]lockstep.Hint{event("evt_1", "plan.created", "cus_1", "sub_1", now)}, nil, ""},
		"the object's counts more": {[]lockstep.Hint{event("evt_2", updated, "cus_1", "sub_2", now),
			event("evt_1", updated, "cus_1", "sub_1", now.Add(-time.Minute))}, nil, "evt_1"},
		"the newest": {[]lockstep.Hint{event("evt_2", updated, "cus_1", "sub_1", now),
			event("evt_1", updated, "cus_1", "sub_1", now.Add(-time.Minute))}, nil, "evt_2"},
	} {
		list := &eventList{hints: c.hints, stored: c.stored}
		e := &events{stripe: list, types: []string{updated}, lock: make(chan struct{}, 1)}
		r := Result{account: alice, record: lockstep.Record{CustomerID: "cus_1", UpdatedAt: now.Add(-time.Hour)}}
		got, found, err := e.missing(t.Context(), list, r, []string{"sub_1"})
		if err != nil || found != (c.want != "") || got.Event.ID != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got.Event.ID, err, c.want)
		}
	}
}

// The accounts of a verification share what was read: a further one costs one call, and reads deeper only if its
// record is older. The search has a limit.
func TestTheListOfEventsIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list := &eventList{}
		for n := range 5000 {
			list.hints = append(list.hints, event(fmt.Sprint("evt_", n), "invoice.paid", "cus_2", "in_1",
				time.Now().Add(-time.Duration(n)*time.Minute)))
		}
		e := &events{stripe: list, lock: make(chan struct{}, 1)}
		read := func(since time.Duration) (hints []lockstep.Hint, calls int) {
			before := list.calls
			hints, err := e.after(t.Context(), time.Now().Add(-since))
			if err != nil {
				t.Fatal(err)
			}
			return hints, list.calls - before
		}
		if hints, calls := read(250 * time.Minute); calls != 3 || len(hints) != 300 {
			t.Errorf("250 events: %d in %d calls", len(hints), calls)
		}
		if _, calls := read(time.Hour); calls != 0 {
			t.Errorf("again at once: %d calls", calls)
		}
		list.hints = append([]lockstep.Hint{event("evt_new", "invoice.paid", "cus_1", "in_2", time.Now())}, list.hints...)
		time.Sleep(2 * time.Second)
		if hints, calls := read(time.Hour); calls != 1 || hints[0].Event.ID != "evt_new" || len(hints) != 301 {
			t.Errorf("after a new event: %d, the newest %s, in %d calls", len(hints), hints[0].Event.ID, calls)
		}
		if hints, calls := read(100 * 24 * time.Hour); len(hints) < mostEvents || len(hints) > mostEvents+100 || calls > 20 {
			t.Errorf("all events: %d in %d calls", len(hints), calls)
		}
	})
}
