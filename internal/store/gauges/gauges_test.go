package gauges_test

import (
	"database/sql"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/gauges"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func closeAfter(t *testing.T, c io.Closer) {
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

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

func key(id string) lockstep.Key { return lockstep.Key{Kind: lockstep.KeyCustomer, ID: id} }

func receive(t *testing.T, store lockstep.Store, id, kind string, ago time.Duration) {
	t.Helper()
	event := lockstep.Event{Source: lockstep.Stripe, ID: "evt_" + id, Type: kind, Origin: lockstep.Delivered,
		ReceivedAt: time.Now().Add(-ago), Body: []byte("{}")}
	_, err := store.Receive(t.Context(), []lockstep.Delivery{{Event: event,
		Mark: &lockstep.Mark{Key: key(id), Priority: lockstep.Interactive}}})
	if err != nil {
		t.Fatal(err)
	}
}

// finish ends the runs of all due keys with the outcome of each.
func finish(t *testing.T, store lockstep.Store, outcomes map[string]lockstep.Outcome) {
	t.Helper()
	claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 10, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	if err != nil {
		t.Fatal(err)
	}
	for _, claim := range claims {
		outcome, given := outcomes[claim.Key.ID]
		if !given {
			continue // its lease stays
		}
		if err := store.Finish(t.Context(), claim, outcome); err != nil {
			t.Fatal(err)
		}
	}
}

func measure(t *testing.T, store lockstep.Store) lockstep.Measurement {
	t.Helper()
	m, err := store.(lockstep.Measured).Measure(t.Context(), []string{"paid", "bought"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOpenWorkIsMeasured(t *testing.T) {
	onBoth(t, func(t *testing.T, store lockstep.Store) {
		if m := measure(t, store); len(m.Granting)+len(m.Ended) != 0 || m.Due[lockstep.Interactive] != (lockstep.Backlog{}) {
			t.Errorf("an empty store has %+v", m)
		}
		receive(t, store, "waits", "paid", 10*time.Minute)
		receive(t, store, "other", "renamed", time.Hour) // grants nothing
		if m := measure(t, store); m.Due[lockstep.Interactive].Count != 2 || m.Due[lockstep.Normal].Count != 0 ||
			m.Due[lockstep.Interactive].Age > time.Minute {
			t.Errorf("due: %+v", m.Due)
		}
		receive(t, store, "parks", "bought", 2*time.Hour)
		receive(t, store, "fails", "paid", 3*time.Hour)
		finish(t, store, map[string]lockstep.Outcome{"other": {Disposition: lockstep.Done},
			"parks": {Disposition: lockstep.Parked, Reason: "r"}, "fails": {Disposition: lockstep.Failed, Reason: "r"}})
		m := measure(t, store)
		if want := (map[lockstep.Disposition]int64{lockstep.Parked: 1, lockstep.Failed: 1}); !maps.Equal(m.Ended, want) {
			t.Errorf("ended: %v", m.Ended)
		}
		if m.Due[lockstep.Interactive].Count != 0 {
			t.Errorf("a key in a run is due: %+v", m.Due)
		}
		for status, age := range map[lockstep.EventStatus]time.Duration{lockstep.EventPending: 10 * time.Minute,
			lockstep.EventParked: 2 * time.Hour, lockstep.EventFailed: 3 * time.Hour} {
			if got := m.Granting[status]; got.Count != 1 || got.Age < age || got.Age > age+time.Minute {
				t.Errorf("%s: %+v, want one of age %s", status, got, age)
			}
		}
	})
}

func TestTheFirstOpenEventOfAKey(t *testing.T) {
	onBoth(t, func(t *testing.T, store lockstep.Store) {
		first := func(id string) time.Duration {
			t.Helper()
			at, err := store.(lockstep.Measured).FirstOpen(t.Context(), key(id))
			if err != nil {
				t.Fatal(err)
			}
			if at.IsZero() {
				return 0
			}
			return time.Since(at).Round(time.Minute)
		}
		if got := first("a"); got != 0 {
			t.Errorf("without events: %s", got)
		}
		receive(t, store, "a", "paid", 3*time.Minute)
		receive(t, store, "b", "paid", time.Hour)
		if a, b := first("a"), first("b"); a != 3*time.Minute || b != time.Hour {
			t.Errorf("%s and %s", a, b)
		}
		finish(t, store, map[string]lockstep.Outcome{"a": {Disposition: lockstep.Done},
			"b": {Disposition: lockstep.Parked, Reason: "r"}})
		if a, b := first("a"), first("b"); a != 0 || b != time.Hour {
			t.Errorf("once done %s, parked %s", a, b)
		}
	})
}

func TestResourcesAreMeasured(t *testing.T) {
	onBoth(t, func(t *testing.T, store lockstep.Store) {
		receive(t, store, "a", "paid", 0)
		r := store.(lockstep.Measured).Resources()
		if len(r.Pools) != 2 || r.Pools[0].Max < 1 || r.Pools[1].Max < 2 || r.Pools[0].InUse != 0 {
			t.Errorf("pools: %+v", r.Pools)
		}
		onDisk := strings.HasSuffix(t.Name(), "SQLite")
		if (r.Files["database"] > 0) != onDisk || (r.Files["wal"] > 0) != onDisk || (r.DiskFree >= 0) != onDisk {
			t.Errorf("files %v, free %d", r.Files, r.DiskFree)
		}
	})
}

// TestMeasuringDoesNotScan: a scrape costs little, however large the database is.
func TestMeasuringDoesNotScan(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, db)
	for statement, index := range map[string]string{
		gauges.Due:         "work_due (priority=? AND due_at<?)",
		gauges.Ended:       "work_ended",
		gauges.FirstOpen:   "events_open (key=? AND status=?)",
		gauges.OpenEvents:  "events_open (key=? AND status=?)",
		gauges.Granting(2): "events_open",
	} {
		args := make([]any, strings.Count(statement, "$"))
		rows, err := db.Query("explain query plan "+statement, args...) //nolint:sqlclosecheck // read to the end
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(step + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), index) {
			t.Errorf("%s does not use %s:\n%s", statement, index, &plan)
		}
	}
}
