package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/metrics"
)

// TestACountAllocatesNothing: a delivery pays for one atomic addition.
func TestACountAllocatesNothing(t *testing.T) {
	p := metrics.NewProcess()
	stored := p.Deliveries(lockstep.Stripe, []string{"stored"})
	for name, count := range map[string]func(){
		"a delivery":            func() { stored("stored") },
		"an unknown outcome":    func() { stored("other words") },
		"a run":                 func() { p.Ran(lockstep.KeyUser, "done", time.Second) },
		"a run of a newer kind": func() { p.Ran("new", "new", time.Second) },
		"an e-mail":             func() { p.Emailed(lockstep.EmailSent) },
	} {
		if n := testing.AllocsPerRun(100, count); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// TestUnknownValuesShareASeries: a newer version's key adds none.
func TestUnknownValuesShareASeries(t *testing.T) {
	t.Parallel()
	p := metrics.NewProcess()
	before := testutil.CollectAndCount(p)
	for _, name := range []string{"new", "newer"} {
		p.Ran(lockstep.KeyKind(name), name, time.Second)
		p.Emailed(lockstep.EmailState(name))
		p.Scanned(lockstep.Source(name), 1)
	}
	p.Refused(418)
	if after := testutil.CollectAndCount(p); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

// measured is a store that counts how often it is measured.
type measured struct {
	lockstep.Measured
	times int
	err   error
	first time.Time
}

func (m *measured) Measure(context.Context, []string) (lockstep.Measurement, error) {
	m.times++
	return lockstep.Measurement{Ended: map[lockstep.Disposition]int64{lockstep.Failed: int64(m.times)}}, m.err
}

func (m *measured) FirstOpen(context.Context, lockstep.Key) (time.Time, error) { return m.first, m.err }

func (m *measured) Resources() lockstep.Resources { return lockstep.Resources{DiskFree: -1} }

// TestScrapesShareAMeasurement, also a failed one: the database that does not answer is not asked more often.
func TestScrapesShareAMeasurement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, err := range []error{nil, errors.New("down")} {
			m := &measured{err: err}
			s := metrics.NewStore(m, nil, metrics.NewProcess(), slog.New(slog.DiscardHandler))
			for range 50 {
				if _, got := s.Measure(t.Context()); !errors.Is(got, err) {
					t.Errorf("error %v, want %v", got, err)
				}
			}
			if m.times != 1 {
				t.Errorf("measured %d times at once", m.times)
			}
			time.Sleep(5 * time.Second)
			if _, got := s.Measure(t.Context()); !errors.Is(got, err) || m.times != 2 {
				t.Errorf("measured %d times in five seconds", m.times)
			}
		}
	})
}

// TestALagCountsFromTheOldestOpenEvent: nothing is noted without one, or when the store cannot say.
func TestALagCountsFromTheOldestOpenEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, p := &measured{}, metrics.NewProcess()
		s := metrics.NewStore(m, nil, p, slog.New(slog.DiscardHandler))
		write := func() {
			s.AccessWritten(t.Context(), lockstep.Key{Kind: lockstep.KeyUser, ID: "u"},
				map[string]time.Time{metrics.StepDatabase: time.Now()})
		}
		write()
		m.err = errors.New("down")
		write()
		m.err, m.first = nil, time.Now().Add(-4*time.Second)
		write()
		m.first = time.Now().Add(time.Hour) // a clock went back
		write()
		if lag := lags(t, p); lag != 4 {
			t.Errorf("the lags add up to %v s, want 4", lag)
		}
	})
}

// lags is the sum of all lags, in seconds.
func lags(t *testing.T, p *metrics.Process) (total float64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(p)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "lockstep_access_lag_seconds" {
				total += m.GetHistogram().GetSampleSum()
			}
		}
	}
	return total
}
