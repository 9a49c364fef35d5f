package lockstep

import (
	"context"
	"time"
)

// Statistics keeps what all processes counted, in buckets of time, for charts. There are three kinds of
// buckets, see [StatisticsSpan], and each kind is kept a little longer than its span, so the number of rows
// has a bound.
type Statistics interface {
	// AddStatistics adds what a process counted to the buckets of each span, in one transaction, and deletes
	// buckets that are too old. It adds a minute twice if it is called twice.
	AddStatistics(ctx context.Context, minutes ...StatisticsMinute) error
	// StatisticsOf returns the buckets of a span up to now, the oldest first. Buckets in which no process
	// wrote are left out. The last one may still grow.
	StatisticsOf(ctx context.Context, span StatisticsSpan) (StatisticsReading, error)
}

// StatisticsMinute is what one process counted in about a minute.
type StatisticsMinute struct {
	At    time.Time // when the minute ended
	Cells []StatisticsCell
}

// StatisticsCell is a number of a bucket. Cells of the same metric and bin add up.
type StatisticsCell struct {
	Metric string
	// Bin is the upper bound of a bin of a histogram, in milliseconds; 0 for what is no histogram.
	Bin   int64
	Count int64 // how many were counted, or how often a gauge was read
	// Most and Last are the highest and the latest value of a gauge; 0 for a counter.
	Most, Last int64
}

// StatisticsReading is what the store knows about a span.
type StatisticsReading struct {
	Now     time.Time // by the store's clock
	Buckets []StatisticsBucket
}

// StatisticsBucket is a time in which at least one process wrote. A metric without a cell is 0 there.
type StatisticsBucket struct {
	At    time.Time // its start
	Cells []StatisticsCell
}

// StatisticsSpan is how far back a chart looks.
type StatisticsSpan string

// The spans.
const (
	LastHour  StatisticsSpan = "1h"
	LastDay   StatisticsSpan = "24h"
	LastMonth StatisticsSpan = "30d"
)

// StatisticsSpans lists the spans, the shortest first.
func StatisticsSpans() []StatisticsSpan { return []StatisticsSpan{LastHour, LastDay, LastMonth} }

// Length returns how far back the span looks; 0 for a span that does not exist.
func (s StatisticsSpan) Length() time.Duration {
	switch s {
	case LastHour:
		return time.Hour
	case LastDay:
		return 24 * time.Hour
	case LastMonth:
		return 30 * 24 * time.Hour
	}
	return 0
}

// Step returns the length of a bucket of the span.
func (s StatisticsSpan) Step() time.Duration {
	switch s {
	case LastHour:
		return time.Minute
	case LastDay:
		return 15 * time.Minute
	case LastMonth:
		return 6 * time.Hour
	}
	return 0
}

// Kept returns how long buckets of the span are kept: longer than the span, so that a clock that is a little
// behind finds them all.
func (s StatisticsSpan) Kept() time.Duration {
	switch s {
	case LastHour:
		return 2 * time.Hour
	case LastDay:
		return 26 * time.Hour
	case LastMonth:
		return 32 * 24 * time.Hour
	}
	return 0
}

// Written is the metric that every write has in every bucket: how many minutes of processes a bucket holds. A
// bucket without it is a gap, because no process wrote then.
const Written = "minutes"
