package listing_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/listing"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, store lockstep.Store)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, store)
		test(t, store)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		store, err := pgstore.Open(t.Context(), pgtest.Empty(t))
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, store)
		test(t, store)
	})
}

// fill stores events, one each second up to now. The first one is special.
func fill(t *testing.T, store lockstep.Store, events int, mark *lockstep.Mark) {
	t.Helper()
	var all []lockstep.Delivery
	for i := range events {
		e := lockstep.Event{Source: lockstep.Stripe, ID: fmt.Sprintf("evt_%05d", i), Type: "usual", Origin: lockstep.Delivered,
			ReceivedAt: time.Now().Add(time.Duration(i-events) * time.Second), Body: []byte("{}"), Reason: "ignored"}
		if i == 0 {
			e.Type, e.Source = "rare", lockstep.Clerk
		}
		all = append(all, lockstep.Delivery{Event: e, Mark: mark})
	}
	if _, err := store.Receive(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

// read returns how many pages a filter has, and the ids of their events.
func read(t *testing.T, store lockstep.Store, filter lockstep.EventFilter) (ids []string, pages int) {
	t.Helper()
	for pages = 1; ; pages++ {
		page, err := store.Events(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		if page.Next == "" {
			return ids, pages
		}
		filter.Before = page.Next
	}
}

// TestASearchWithoutAnIndexIsBounded: an event among many others is found over several pages, and by one call that may
// take as long as it needs. A time bounds the search.
func TestASearchWithoutAnIndexIsBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, store lockstep.Store) {
		const events = 2*listing.Look + 100
		fill(t, store, events, nil)
		rare := []string{"evt_00000"}
		start := time.Now().Add(-events * time.Second)
		for _, c := range []struct {
			filter lockstep.EventFilter
			ids    []string
			pages  int
		}{
			{lockstep.EventFilter{Type: "rare"}, rare, 1},
			{lockstep.EventFilter{Type: "rare", Bounded: true}, rare, 3},
			{lockstep.EventFilter{Source: lockstep.Clerk, Bounded: true}, rare, 3},
			{lockstep.EventFilter{Status: lockstep.EventDone, Bounded: true}, nil, 3},
			{lockstep.EventFilter{Status: lockstep.EventParked, Bounded: true}, nil, 1}, // by the index of open events
			{lockstep.EventFilter{Type: "rare", Until: start.Add(time.Minute), Bounded: true}, rare, 1},
			{lockstep.EventFilter{Type: "rare", Since: time.Now().Add(-time.Hour), Bounded: true}, nil, 1},
		} {
			if ids, pages := read(t, store, c.filter); !slices.Equal(ids, c.ids) || pages != c.pages {
				t.Errorf("%+v: %v on %d pages, want %v on %d", c.filter, ids, pages, c.ids, c.pages)
			}
		}
		since := lockstep.EventFilter{Since: start.Add(time.Hour), Until: start.Add(time.Hour + 10*time.Second),
			Bounded: true}
		if ids, pages := read(t, store, since); len(ids) < 9 || len(ids) > 11 || pages != 1 {
			t.Errorf("ten seconds in the middle: %v on %d pages", ids, pages)
		}
	})
}

// TestManyOpenEventsAreNotSorted: above a number, open events are found by number, and all of them are found.
func TestManyOpenEventsAreNotSorted(t *testing.T) {
	onBoth(t, func(t *testing.T, store lockstep.Store) {
		const events = listing.MostOpen + 100
		fill(t, store, events, &lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}})
		for _, c := range []struct {
			filter        lockstep.EventFilter
			events, pages int
		}{
			{lockstep.EventFilter{Status: lockstep.EventPending, Limit: 4000, Bounded: true}, events, 3},
			{lockstep.EventFilter{Status: lockstep.EventParked, Bounded: true}, 0, 3},
			{lockstep.EventFilter{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}, Type: "rare", Bounded: true}, 1, 3},
			{lockstep.EventFilter{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}, Status: lockstep.EventParked,
				Bounded: true}, 0, 1},
		} {
			c.filter.Bodiless = true
			if ids, pages := read(t, store, c.filter); len(ids) != c.events || pages != c.pages {
				t.Errorf("%+v: %d events on %d pages, want %d on %d", c.filter, len(ids), pages, c.events, c.pages)
			}
		}
		// A drop cannot look at all of them either, so it does not know that nobody paid.
		_, err := store.Drop(t.Context(), lockstep.Drop{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"},
			Unless: []string{"invoice.paid"}, Reason: "a test"})
		if !errors.Is(err, lockstep.ErrPaid) {
			t.Errorf("drop: %v", err)
		}
	})
}

// TestWorkIsReadInBoundedPages: a kind among many others is found over several pages.
func TestWorkIsReadInBoundedPages(t *testing.T) {
	onBoth(t, func(t *testing.T, store lockstep.Store) {
		var marks []lockstep.Mark
		for i := range 2500 {
			marks = append(marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: fmt.Sprintf("cus_%d", i)},
				Priority: lockstep.Normal})
		}
		marks = append(marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeySweep, ID: "last"},
			Priority: lockstep.Background})
		if err := store.Mark(t.Context(), marks...); err != nil {
			t.Fatal(err)
		}
		filter, found, pages := lockstep.WorkFilter{Kind: lockstep.KeySweep}, 0, 0
		for {
			page, err := store.OpenWork(t.Context(), filter)
			if err != nil {
				t.Fatal(err)
			}
			found += len(page.Work)
			pages++
			if filter.After = page.Next; filter.After == "" {
				break
			}
		}
		if found != 1 || pages != 3 {
			t.Errorf("found %d keys on %d pages", found, pages)
		}
	})
}
