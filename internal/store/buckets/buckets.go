package buckets

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// Buckets implements [lockstep.Statistics] beside a store.
type Buckets struct {
	// Read and Write run a transaction.
	Read, Write func(ctx context.Context, do func(sqlstore.View) error) error
}

var _ lockstep.Statistics = (*Buckets)(nil)

// The statements. $1 is a resolution.
const (
	// Add adds to a bucket: $2 its start, then the columns.
	Add = `
insert into statistics (resolution, at, metric, bin, count, most, last) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (resolution, at, metric, bin) do update set count = statistics.count + excluded.count,
	most = case when excluded.most > statistics.most then excluded.most else statistics.most end, last = excluded.last`

	// ExpireOld deletes the buckets of a resolution that start before $2: about 300 rows of the oldest ones, because
	// many may be due when no process has written for a while.
	ExpireOld = `
delete from statistics where resolution = $1 and at < $2 and at <= coalesce(
	(select at from statistics where resolution = $1 order by at limit 1 offset 300), $2)`

	// ExpireFuture deletes the buckets of a resolution that start after $2.
	ExpireFuture = `delete from statistics where resolution = $1 and at > $2`

	// Of reads the buckets of a resolution that start at $2 or later, and not after $3.
	Of = `
select at, metric, bin, count, most, last from statistics where resolution = $1 and at >= $2 and at <= $3
order by at, metric, bin`
)

// row is a cell of a bucket.
type row struct {
	resolution, at int64
	lockstep.StatisticsCell
}

// AddStatistics implements [lockstep.Statistics].
func (b *Buckets) AddStatistics(ctx context.Context, minutes ...lockstep.StatisticsMinute) error {
	if len(minutes) == 0 {
		return nil
	}
	rows := rowsOf(minutes)
	err := b.Write(ctx, func(v sqlstore.View) error {
		queries := make([]*sqlrun.Query, 0, len(rows)+len(lockstep.StatisticsSpans()))
		for _, r := range rows {
			queries = append(queries, &sqlrun.Query{SQL: Add, Args: []any{r.resolution, r.at, r.Metric, r.Bin, r.Count, r.Most,
				r.Last}})
		}
		for _, span := range lockstep.StatisticsSpans() {
			step, now := span.Step().Milliseconds(), v.Now()
			queries = append(queries, &sqlrun.Query{SQL: ExpireOld, Args: []any{step, now - span.Kept().Milliseconds()}},
				&sqlrun.Query{SQL: ExpireFuture, Args: []any{step, now + step}})
		}
		return v.Send(ctx, queries...)
	})
	if err != nil {
		return fmt.Errorf("add statistics: %w", err)
	}
	return nil
}

// rowsOf returns what minutes add to the buckets of each resolution, in the order of the primary key.
func rowsOf(minutes []lockstep.StatisticsMinute) (rows []row) {
	for _, m := range minutes {
		written := lockstep.StatisticsCell{Metric: lockstep.Written, Count: 1}
		for _, span := range lockstep.StatisticsSpans() {
			step := span.Step().Milliseconds()
			at := start(m.At.UnixMilli(), step)
			for _, cell := range append(m.Cells[:len(m.Cells):len(m.Cells)], written) {
				rows = append(rows, row{step, at, cell})
			}
		}
	}
	// Stable, so that the last value of a gauge stays the last.
	slices.SortStableFunc(rows, compare)
	return merge(rows)
}

func compare(a, b row) int {
	return cmp.Or(cmp.Compare(a.resolution, b.resolution), cmp.Compare(a.at, b.at), cmp.Compare(a.Metric, b.Metric),
		cmp.Compare(a.Bin, b.Bin))
}

// merge adds up rows of the same key, which follow each other.
func merge(rows []row) []row {
	merged := rows[:0]
	for _, r := range rows {
		if n := len(merged); n > 0 && compare(merged[n-1], r) == 0 {
			r.Count, r.Most = r.Count+merged[n-1].Count, max(r.Most, merged[n-1].Most)
			merged = merged[:n-1]
		}
		merged = append(merged, r)
	}
	return merged
}

// start returns when the bucket of a time starts.
func start(at, step int64) int64 { return at - at%step }

// StatisticsOf implements [lockstep.Statistics].
func (b *Buckets) StatisticsOf(ctx context.Context, span lockstep.StatisticsSpan) (read lockstep.StatisticsReading,
	err error) {
	if span.Step() == 0 {
		return read, fmt.Errorf("read statistics: %w: span %q is not 1h, 24h or 30d", lockstep.ErrInvalid, span)
	}
	err = b.Read(ctx, func(v sqlstore.View) error {
		if err := v.Send(ctx); err != nil { // brings the time
			return err
		}
		read = lockstep.StatisticsReading{Now: time.UnixMilli(v.Now()).UTC()}
		step := span.Step().Milliseconds()
		from := start(v.Now()-span.Length().Milliseconds(), step)
		return v.Send(ctx, &sqlrun.Query{SQL: Of, Args: []any{step, from, v.Now()}, Row: into(&read)})
	})
	if err != nil {
		return lockstep.StatisticsReading{}, fmt.Errorf("read statistics: %w", err)
	}
	return read, nil
}

// into adds a row to the last bucket of a reading, or to a new one.
func into(read *lockstep.StatisticsReading) func(sqlrun.Scanner) error {
	return func(scanned sqlrun.Scanner) error {
		var ms int64
		var cell lockstep.StatisticsCell
		if err := scanned.Scan(&ms, &cell.Metric, &cell.Bin, &cell.Count, &cell.Most, &cell.Last); err != nil {
			return err
		}
		at := time.UnixMilli(ms).UTC()
		if n := len(read.Buckets); n == 0 || !read.Buckets[n-1].At.Equal(at) {
			read.Buckets = append(read.Buckets, lockstep.StatisticsBucket{At: at})
		}
		last := &read.Buckets[len(read.Buckets)-1]
		last.Cells = append(last.Cells, cell)
		return nil
	}
}
