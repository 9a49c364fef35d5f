package listing

import (
	"context"
	"math"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// slack is how far the numbers of events may deviate from the order of their receipt. Replicas stamp
// deliveries by their own clocks, and a transaction may take seconds.
const slack = time.Minute

// span returns the numbers of the events that were received in a filter's time: from the first, and below the
// second.
func span(ctx context.Context, v sqlstore.View, f lockstep.EventFilter) (from, below int64, err error) {
	if f.Since.IsZero() && f.Until.IsZero() {
		return 0, math.MaxInt64, nil
	}
	var first, last int64
	err = v.Send(ctx, &sqlrun.Query{SQL: EventNumbers,
		Row: func(row sqlrun.Scanner) error { return row.Scan(&first, &last) }})
	if err != nil {
		return 0, 0, err
	}
	from, below = first, last+1
	if !f.Since.IsZero() {
		if from, err = receivedFrom(ctx, v, f.Since.Add(-slack), first, last+1); err != nil {
			return 0, 0, err
		}
	}
	if !f.Until.IsZero() {
		below, err = receivedFrom(ctx, v, f.Until.Add(slack), first, last+1)
	}
	return from, below, err
}

// receivedFrom returns the number of the first event that was received at a time or later, between two numbers.
// It halves the distance with each look.
func receivedFrom(ctx context.Context, v sqlstore.View, t time.Time, low, high int64) (int64, error) {
	for low < high {
		middle := low + (high-low)/2
		seq, at := high, int64(math.MaxInt64)
		err := v.Send(ctx, &sqlrun.Query{SQL: EventFrom, Args: []any{middle},
			Row: func(row sqlrun.Scanner) error { return row.Scan(&seq, &at) }})
		if err != nil {
			return 0, err
		}
		if at >= t.UnixMilli() {
			high = middle
		} else {
			low = seq + 1
		}
	}
	return low, nil
}
