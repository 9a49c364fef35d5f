package buckets_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/buckets"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// kept is how many buckets exist at most: those of each resolution that start while it is kept, and the current one.
const kept = 2*60 + 26*4 + 32*4 + 3

// TestFortyDaysLeaveFewRows: a process that writes every minute for 40 days leaves the buckets that are kept.
func TestFortyDaysLeaveFewRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	cells := []lockstep.StatisticsCell{{Metric: "deliveries.stored", Count: 3}, {Metric: "queue.due", Count: 1, Most: 2, Last: 1},
		{Metric: "access_lag.database", Bin: 100, Count: 1}, {Metric: "access_lag.database", Bin: 1000, Count: 1}}
	metrics := len(cells) + 1 // and how many minutes were written
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer closeNow(t, store)
		for range 40 * 24 {
			// An hour at once, because each transaction waits for the disk.
			var hour []lockstep.StatisticsMinute
			for range 60 {
				time.Sleep(time.Minute)
				hour = append(hour, lockstep.StatisticsMinute{At: time.Now(), Cells: cells})
			}
			if err := store.AddStatistics(t.Context(), hour...); err != nil {
				t.Fatal(err)
			}
		}
		for span, least := range map[lockstep.StatisticsSpan]int{lockstep.LastHour: 60, lockstep.LastDay: 96,
			lockstep.LastMonth: 120} {
			read, err := store.StatisticsOf(t.Context(), span)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(read.Buckets); n < least || n > least+1 {
				t.Errorf("%s has %d buckets, want %d or the one of now beside them", span, n, least)
			}
			stored := read.Buckets[5].Cells[2]
			if want := 3 * int64(span.Step()/time.Minute); stored.Metric != cells[0].Metric || stored.Count != want {
				t.Errorf("%s: a bucket has %+v, want %d of %s", span, stored, want, cells[0].Metric)
			}
		}
	})
	if rows := count(t, path, "select count(*) from statistics"); rows > kept*metrics || rows < (kept-10)*metrics {
		t.Errorf("%d rows, want about %d and no more", rows, kept*metrics)
	}
}

// TestStatementsUseTheKey: no statement reads the whole table. Package pgstore has the same test for PostgreSQL.
func TestStatementsUseTheKey(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closeNow(t, store)
	for statement, use := range map[string]string{
		buckets.ExpireOld:    "PRIMARY KEY (resolution=? AND at<?)\nSCALAR SUBQUERY 1\nSEARCH statistics USING PRIMARY KEY (resolution=?)",
		buckets.ExpireFuture: "PRIMARY KEY (resolution=? AND at>?)",
		buckets.Of:           "PRIMARY KEY (resolution=? AND at>? AND at<?)",
	} {
		if plan := text(t, path, "explain query plan "+statement); !strings.Contains(plan, use) ||
			strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s", statement, plan)
		}
	}
}

func closeNow(t *testing.T, store lockstep.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func count(t *testing.T, path, query string) (n int) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// text returns the last column of a query's rows.
func text(t *testing.T, path, query string) (lines string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), query, make([]any, strings.Count(query, "$"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		lines += step + "\n"
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
