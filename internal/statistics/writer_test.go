package statistics_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/metrics"
	"github.com/lockstep-dev/lockstep/internal/statistics"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// breakable is a store that can be made to refuse writes of statistics. It counts the calls.
type breakable struct {
	lockstep.Store
	mu     sync.Mutex
	broken bool
	calls  int
	most   int // minutes in one call
}

func (b *breakable) AddStatistics(ctx context.Context, minutes ...lockstep.StatisticsMinute) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls, b.most = b.calls+1, max(b.most, len(minutes))
	if b.broken {
		return errors.New("disk full")
	}
	return b.Store.AddStatistics(ctx, minutes...)
}

// written returns how many calls there were, and the most minutes in one of them.
func (b *breakable) written() (calls, most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls, b.most
}

func (b *breakable) breaks(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

// world is a store in virtual time.
type world struct {
	*testing.T
	store *breakable
	ended sync.WaitGroup
}

func inBubble(t *testing.T, test func(*world)) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, store: &breakable{Store: store}}
		test(w)
		w.ended.Wait()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// process is a process that counts, until it is stopped.
type process struct {
	*metrics.Process
	stop func()
}

func (w *world) start() process {
	counts := metrics.NewProcess()
	registry := prometheus.NewRegistry()
	registry.MustRegister(counts)
	measured, is := w.store.Store.(lockstep.Measured)
	if !is {
		w.Fatal("the store does not measure itself")
	}
	writer := statistics.Writer{Store: w.store, Metrics: registry, Log: slog.New(slog.DiscardHandler),
		Measure: func(ctx context.Context) (lockstep.Measurement, error) { return measured.Measure(ctx, nil) }}
	ctx, stop := context.WithCancel(w.Context())
	ended := make(chan struct{})
	w.ended.Go(func() {
		defer close(ended)
		writer.Run(ctx)
	})
	return process{counts, func() { stop(); <-ended }}
}

func (p process) ran(n int, disposition lockstep.Disposition) {
	for range n {
		p.Ran(lockstep.KeyUser, string(disposition), time.Second)
	}
}

func (w *world) table(span lockstep.StatisticsSpan) statistics.Table {
	w.Helper()
	read, err := w.store.StatisticsOf(w.Context(), span)
	if err != nil {
		w.Fatal(err)
	}
	return statistics.NewTable(span, read)
}

// sum adds up the values of a series of the last day, and counts its points with a value.
func (w *world) sum(name string) (total float64, points int) {
	w.Helper()
	for _, v := range w.table(lockstep.LastDay).Find(name) {
		if v != nil {
			total, points = total+*v, points+1
		}
	}
	return total, points
}

func (w *world) wantSum(name string, want float64) {
	w.Helper()
	if got, _ := w.sum(name); got != want {
		w.Errorf("%s adds up to %v, want %v", name, got, want)
	}
}

// TestEachMinuteIsWrittenOnce: an idle process writes once a minute, so no point of the hour is a gap.
func TestEachMinuteIsWrittenOnce(t *testing.T) {
	inBubble(t, func(w *world) {
		p := w.start()
		time.Sleep(2 * time.Hour)
		if calls, most := w.store.written(); calls != 120 || most != 1 {
			w.Errorf("%d writes of up to %d minutes in 2 hours", calls, most)
		}
		hour := w.table(lockstep.LastHour)
		if len(hour.Starts) != 60 {
			w.Errorf("%d points", len(hour.Starts))
		}
		for i, written := range hour.Written {
			done, due := hour.Find("runs.done")[i], hour.Find("queue.due.max")[i]
			if !written || done == nil || *done != 0 || due == nil || *due != 0 {
				w.Errorf("point %d: written %v, done %v, due %v", i, written, done, due)
			}
		}
		p.stop()
	})
}

// TestCountsAreWritten: by their names, and each once.
func TestCountsAreWritten(t *testing.T) {
	inBubble(t, func(w *world) {
		p := w.start()
		stripe := p.Deliveries(lockstep.Stripe, []string{"stored", "duplicate", "not_stored", "signature_invalid"})
		for _, outcome := range []string{"stored", "stored", "duplicate", "not_stored", "signature_invalid", "sender_left"} {
			stripe(outcome)
		}
		p.Deliveries(lockstep.Clerk, []string{"stored"})("stored")
		p.ran(4, lockstep.Done)
		p.ran(2, lockstep.Parked)
		p.AccessWritten(metrics.StepDatabase, 700*time.Millisecond)
		if err := w.store.Mark(w.Context(), lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer,
			ID: "cus_1"}}); err != nil {
			w.Fatal(err)
		}
		time.Sleep(16 * time.Minute)
		p.ran(1, lockstep.Done)
		time.Sleep(16 * time.Minute)
		for name, want := range map[string]float64{"deliveries.stored": 3, "deliveries.duplicate": 1,
			"deliveries.not_stored": 1, "deliveries.refused": 2, "runs.done": 5, "runs.parked": 2, "runs.failed": 0,
			"access_lag.database.count": 1, "access_lag.metadata.count": 0, "upstream.stripe.calls": 0} {
			w.wantSum(name, want)
		}
		if p99, points := w.sum("access_lag.database.p99"); points != 1 || p99 < .5 || p99 > 1 {
			w.Errorf("p99 is %v at %d points", p99, points)
		}
		due := w.table(lockstep.LastHour).Find("queue.due.last")
		oldest := w.table(lockstep.LastHour).Find("queue.oldest_seconds.max")
		if n, age := due[len(due)-1], oldest[len(oldest)-1]; n == nil || *n != 1 || age == nil || *age < 30*60 {
			w.Errorf("due %v, oldest %v", n, age)
		}
		p.stop()
	})
}

// TestARestartCountsOnce: a process that ends writes what it has, and the next one starts at 0.
func TestARestartCountsOnce(t *testing.T) {
	inBubble(t, func(w *world) {
		first := w.start()
		first.ran(3, lockstep.Done)
		time.Sleep(5 * time.Minute)
		first.ran(2, lockstep.Done)
		first.stop()
		w.wantSum("runs.done", 5)
		second := w.start()
		second.ran(1, lockstep.Done)
		time.Sleep(5 * time.Minute)
		second.stop()
		w.wantSum("runs.done", 6)
	})
}

// TestReplicasAddUp: each writes at a second of its own.
func TestReplicasAddUp(t *testing.T) {
	inBubble(t, func(w *world) {
		a, b := w.start(), w.start()
		a.ran(3, lockstep.Done)
		b.ran(4, lockstep.Done)
		time.Sleep(10 * time.Minute)
		a.stop()
		b.stop()
		w.wantSum("runs.done", 7)
	})
}

// TestAFailedWriteIsRepeated: in the minutes that it was counted in; beyond two hours, the counts stay and the
// minutes merge.
func TestAFailedWriteIsRepeated(t *testing.T) {
	inBubble(t, func(w *world) {
		p := w.start()
		w.store.breaks(true)
		for range 180 {
			p.ran(1, lockstep.Done)
			time.Sleep(time.Minute)
		}
		w.store.breaks(false)
		time.Sleep(time.Minute)
		w.wantSum("runs.done", 180)
		if _, most := w.store.written(); most != 10 {
			w.Errorf("a transaction has %d minutes, want 10", most)
		}
		for i, written := range w.table(lockstep.LastHour).Written {
			if !written {
				w.Errorf("point %d is a gap", i)
			}
		}
		p.stop()
	})
}

// TestAnEndIsBounded: a process whose database does not answer ends all the same.
func TestAnEndIsBounded(t *testing.T) {
	inBubble(t, func(w *world) {
		p := w.start()
		time.Sleep(time.Minute)
		w.store.breaks(true)
		p.stop()
	})
}
