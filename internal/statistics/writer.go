package statistics

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
)

const (
	// mostKept is how many minutes are kept while the database refuses them. Older ones become one.
	mostKept = 120
	// together is how many minutes one transaction writes: about a thousand rows at most.
	together = 10
	// writeWithin bounds a transaction, and so the end of a process whose database does not answer.
	writeWithin = 5 * time.Second
)

// Writer writes the statistics of one process.
type Writer struct {
	Store lockstep.Statistics
	// Metrics has the counters of the process, which start at 0.
	Metrics prometheus.Gatherer
	// Measure reads how much work is open; nil if the store does not measure itself.
	Measure func(context.Context) (lockstep.Measurement, error)
	Log     *slog.Logger

	before  map[cell]int64
	waiting []lockstep.StatisticsMinute // and not written yet, the oldest first
}

// Run writes once a minute until ctx ends, and then what is left. Each process has its own second of the minute, but
// none close to the full minute: so it writes once in every bucket, even if it is a little late.
func (w *Writer) Run(ctx context.Context) {
	second := 10*time.Second + rand.N(40*time.Second)
	for {
		at := next(time.Now(), second)
		select {
		case <-ctx.Done():
			w.end(context.WithoutCancel(ctx))
			return
		case <-time.After(time.Until(at)):
		}
		w.count(at, w.measure(ctx))
		w.write(ctx)
	}
}

// next returns when the second of a minute comes next.
func next(now time.Time, second time.Duration) time.Time {
	at := now.Truncate(time.Minute).Add(second)
	if !at.After(now) {
		at = at.Add(time.Minute)
	}
	return at
}

// end writes what was counted since the last write. It does not measure, because other processes do.
func (w *Writer) end(ctx context.Context) {
	w.count(time.Now(), nil)
	w.write(ctx)
}

// count takes what has happened since the last call.
func (w *Writer) count(at time.Time, gauges []lockstep.StatisticsCell) {
	now, err := totals(w.Metrics)
	if err != nil { // the next minute has it
		w.Log.Warn("statistics not counted", "error", err)
		return
	}
	w.waiting = append(w.waiting, lockstep.StatisticsMinute{At: at, Cells: append(grown(w.before, now), gauges...)})
	w.before = now
	if len(w.waiting) > mostKept {
		w.waiting[1] = merge(w.waiting[0], w.waiting[1])
		w.waiting = w.waiting[1:]
	}
}

// merge returns a minute with what two have counted.
func merge(a, b lockstep.StatisticsMinute) lockstep.StatisticsMinute {
	counted := map[cell]lockstep.StatisticsCell{}
	for _, c := range append(a.Cells, b.Cells...) {
		before := counted[cell{c.Metric, c.Bin}]
		c.Count, c.Most = c.Count+before.Count, max(c.Most, before.Most)
		counted[cell{c.Metric, c.Bin}] = c
	}
	b.Cells = nil
	for _, c := range counted {
		b.Cells = append(b.Cells, c)
	}
	return b
}

// measure reads the gauges. A failure leaves them out.
func (w *Writer) measure(ctx context.Context) []lockstep.StatisticsCell {
	if w.Measure == nil {
		return nil
	}
	measured, err := w.Measure(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "queue not measured for statistics", "error", err)
		return nil
	}
	due, oldest := int64(0), time.Duration(0)
	for _, backlog := range measured.Due {
		due, oldest = due+backlog.Count, max(oldest, backlog.Age)
	}
	return []lockstep.StatisticsCell{{Metric: queueDue, Count: 1, Most: due, Last: due},
		{Metric: queueOldest, Count: 1, Most: oldest.Milliseconds(), Last: oldest.Milliseconds()}}
}

// write writes what is waiting, the oldest first. After an error the rest waits for the next minute.
func (w *Writer) write(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	for len(w.waiting) > 0 {
		some := w.waiting[:min(together, len(w.waiting))]
		if err := w.Store.AddStatistics(ctx, some...); err != nil {
			w.Log.WarnContext(ctx, "statistics not written; retrying in a minute", "error", err)
			return
		}
		w.waiting = w.waiting[len(some):]
	}
	w.waiting = nil
}
