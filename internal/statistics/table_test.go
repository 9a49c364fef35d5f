package statistics

import (
	"math"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestAGapIsNotAZero: nobody wrote in the first bucket, nothing happened in the second.
func TestAGapIsNotAZero(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 3, 14, 7, 30, 0, time.UTC)
	written := []lockstep.StatisticsCell{{Metric: lockstep.Written, Count: 15}}
	for span, points := range map[lockstep.StatisticsSpan]int{lockstep.LastHour: 60, lockstep.LastDay: 96,
		lockstep.LastMonth: 120} {
		first := now.Truncate(span.Step()).Add(-span.Length())
		table := NewTable(span, lockstep.StatisticsReading{Now: now, Buckets: []lockstep.StatisticsBucket{
			{At: first.Add(span.Step()), Cells: written}}})
		done, lags := table.Find("runs.done"), table.Find("access_lag.database.p50")
		if len(table.Starts) != points || len(table.Written) != points || len(done) != points ||
			!table.Starts[0].Equal(first) {
			t.Fatalf("%s: %d points from %s, want %d from %s", span, len(table.Starts), table.Starts[0], points, first)
		}
		if table.Written[0] || done[0] != nil {
			t.Errorf("%s: a gap is %v", span, done[0])
		}
		if !table.Written[1] || done[1] == nil || *done[1] != 0 || lags[1] != nil {
			t.Errorf("%s: nothing is %v, its lag %v", span, done[1], lags[1])
		}
	}
}

// TestTheCurrentBucket: that of a longer span is shown once it is written, the current minute never.
func TestTheCurrentBucket(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 3, 14, 7, 30, 0, time.UTC)
	cells := []lockstep.StatisticsCell{{Metric: lockstep.Written, Count: 1}, {Metric: "runs.done", Count: 3}}
	for span, points := range map[lockstep.StatisticsSpan]int{lockstep.LastHour: 60, lockstep.LastDay: 97,
		lockstep.LastMonth: 121} {
		table := NewTable(span, lockstep.StatisticsReading{Now: now, Buckets: []lockstep.StatisticsBucket{
			{At: now.Truncate(span.Step()), Cells: cells}}})
		if n := len(table.Starts); n != points {
			t.Errorf("%s: %d points, want %d", span, n, points)
		}
		for _, s := range table.Series {
			if len(s.Values) != points {
				t.Errorf("%s: %s has %d points", span, s.Name, len(s.Values))
			}
		}
	}
}

// TestQuantiles: within a bin, samples are spread evenly.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	bins := func(counts ...int64) (cells []lockstep.StatisticsCell) { // below 0.1 s, 1 s, 1 day, and above
		for i, bin := range []int64{100, 1000, 24 * 3600 * 1000, beyond} {
			if i < len(counts) && counts[i] > 0 {
				cells = append(cells, lockstep.StatisticsCell{Bin: bin, Count: counts[i]})
			}
		}
		return cells
	}
	for _, c := range []struct {
		bins  []lockstep.StatisticsCell
		share float64
		want  float64 // negative: none
	}{
		{nil, .5, -1},
		{bins(10), .5, .05},
		{bins(10), .99, .099},
		{bins(0, 4), .5, .75}, // between 0.5 and 1
		{bins(98, 0, 2), .99, 6*3600 + 18*3600*.5},
		{bins(0, 0, 0, 3), .5, 24 * 3600},
	} {
		got := quantile(c.bins, c.share)
		if got == nil && c.want >= 0 || got != nil && math.Abs(*got-c.want) > 1e-6 {
			t.Errorf("%v of %v: %v, want %v", c.share, c.bins, got, c.want)
		}
	}
}
