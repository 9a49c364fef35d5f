// Package bucketstest tests how a store keeps statistics, on any database.
package bucketstest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-dev/lockstep"
)

// Open opens a store on the same database each time, as replicas do.
type Open func(t *testing.T) lockstep.Store

// Run runs all tests, each over a new database.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	for name, test := range map[string]func(*testing.T, Open){
		"cells add up in the buckets of all spans":     addUp,
		"a gauge keeps its highest and latest value":   gauges,
		"two replicas add to one bucket":               replicas,
		"a time in which no process wrote is left out": gaps,
		"old and future buckets are deleted":           bounds,
		"a span that does not exist is refused":        noSpan,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

func add(t *testing.T, store lockstep.Store, minutes ...lockstep.StatisticsMinute) {
	t.Helper()
	if err := store.AddStatistics(t.Context(), minutes...); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, store lockstep.Store, span lockstep.StatisticsSpan) []lockstep.StatisticsBucket {
	t.Helper()
	reading, err := store.StatisticsOf(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(reading.Now); age < -time.Minute || age > time.Minute {
		t.Errorf("read at %s", reading.Now)
	}
	return reading.Buckets
}

// minute is what a process counted a while ago.
func minute(ago time.Duration, cells ...lockstep.StatisticsCell) lockstep.StatisticsMinute {
	return lockstep.StatisticsMinute{At: time.Now().Add(-ago), Cells: cells}
}

// sums adds up what the buckets hold, by metric and bin. The keys of the result have no times, because a bucket
// may end while the test runs.
func sums(buckets []lockstep.StatisticsBucket) map[lockstep.StatisticsCell]int64 {
	found := map[lockstep.StatisticsCell]int64{}
	for _, b := range buckets {
		for _, c := range b.Cells {
			found[lockstep.StatisticsCell{Metric: c.Metric, Bin: c.Bin}] += c.Count
		}
	}
	return found
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: want -, got +\n%s", what, diff)
	}
}

func addUp(t *testing.T, open Open) {
	store := open(t)
	cells := []lockstep.StatisticsCell{{Metric: "runs.done", Count: 2}, {Metric: "access_lag.database", Bin: 100, Count: 3},
		{Metric: "access_lag.database", Bin: 1000, Count: 1}}
	add(t, store, minute(10*time.Minute, cells...), minute(10*time.Minute, cells[0]))
	add(t, store, minute(9*time.Minute, cells...))
	for _, span := range lockstep.StatisticsSpans() {
		equal(t, string(span), sums(read(t, store, span)), map[lockstep.StatisticsCell]int64{
			{Metric: "runs.done"}: 6, {Metric: "access_lag.database", Bin: 100}: 6,
			{Metric: "access_lag.database", Bin: 1000}: 2, {Metric: lockstep.Written}: 3})
	}
	if err := store.AddStatistics(t.Context()); err != nil {
		t.Errorf("nothing: %v", err)
	}
}

func gauges(t *testing.T, open Open) {
	store := open(t)
	due := func(n int64) lockstep.StatisticsCell {
		return lockstep.StatisticsCell{Metric: "queue.due", Count: 1, Most: n, Last: n}
	}
	at := time.Now().Add(-time.Hour / 2)
	for _, n := range []int64{7, 40, 3} {
		add(t, store, lockstep.StatisticsMinute{At: at, Cells: []lockstep.StatisticsCell{due(n)}})
	}
	// Of several minutes in one call, too.
	add(t, store, lockstep.StatisticsMinute{At: at, Cells: []lockstep.StatisticsCell{due(50)}},
		lockstep.StatisticsMinute{At: at, Cells: []lockstep.StatisticsCell{due(4)}})
	for _, span := range lockstep.StatisticsSpans() {
		for _, b := range read(t, store, span) {
			for _, c := range b.Cells {
				if c.Metric == "queue.due" && (c.Most != 50 || c.Last != 4 || c.Count != 5) {
					t.Errorf("%s: %+v", span, c)
				}
			}
		}
	}
}

func replicas(t *testing.T, open Open) {
	stores := []lockstep.Store{open(t), open(t)}
	at := time.Now().Add(-5 * time.Minute)
	var done sync.WaitGroup
	for _, store := range stores {
		done.Go(func() {
			for range 10 {
				err := store.AddStatistics(t.Context(), lockstep.StatisticsMinute{At: at, Cells: []lockstep.StatisticsCell{
					{Metric: "runs.done", Count: 1}, {Metric: "deliveries.stored", Count: 2}}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	for _, store := range stores {
		found := read(t, store, lockstep.LastHour)
		equal(t, "two replicas", sums(found), map[lockstep.StatisticsCell]int64{{Metric: "runs.done"}: 20,
			{Metric: "deliveries.stored"}: 40, {Metric: lockstep.Written}: 20})
		if len(found) != 1 || !found[0].At.Equal(at.Truncate(time.Minute)) {
			t.Errorf("buckets %+v, want one at %s", found, at)
		}
	}
}

func gaps(t *testing.T, open Open) {
	store := open(t)
	for _, ago := range []time.Duration{40 * time.Minute, 20 * time.Minute} {
		add(t, store, minute(ago, lockstep.StatisticsCell{Metric: "runs.done", Count: 1}))
	}
	found := read(t, store, lockstep.LastHour)
	if len(found) != 2 || found[1].At.Sub(found[0].At) < 19*time.Minute {
		t.Errorf("%d buckets: %+v", len(found), found)
	}
}

// bounds writes in the past and in the future. The write that adds a bucket of a span deletes it again if it is too
// old for that span.
func bounds(t *testing.T, open Open) {
	store := open(t)
	one := lockstep.StatisticsCell{Metric: "runs.done", Count: 1}
	const day = 24 * time.Hour
	for _, ago := range []time.Duration{0, 30 * time.Minute, 3 * time.Hour, 20 * time.Hour, 30 * time.Hour, 20 * day,
		40 * day, -time.Hour, -10 * day} {
		add(t, store, minute(ago, one))
	}
	for span, want := range map[lockstep.StatisticsSpan]int64{lockstep.LastHour: 2, lockstep.LastDay: 4,
		lockstep.LastMonth: 6} {
		// A bucket of six hours may start before the hour that lies in the future.
		if n := sums(read(t, store, span))[lockstep.StatisticsCell{Metric: "runs.done"}]; n < want ||
			n > want+1 || n > want && span != lockstep.LastMonth {
			t.Errorf("%s: %d, want %d", span, n, want)
		}
	}
}

func noSpan(t *testing.T, open Open) {
	if _, err := open(t).StatisticsOf(t.Context(), "1y"); !errors.Is(err, lockstep.ErrInvalid) {
		t.Errorf("1y: %v", err)
	}
}
