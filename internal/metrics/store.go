package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
)

const (
	// measureFor is how long a measurement is reused. /healthz needs no credentials, so without this
	// anyone could keep the readers busy.
	measureFor = 5 * time.Second
	// measureWithin bounds a measurement, and lagWithin the look at an account's events: a run waits for it.
	measureWithin = 5 * time.Second
	lagWithin     = time.Second
)

// Store measures a store for Prometheus and for /healthz.
type Store struct {
	store    lockstep.Measured
	granting []string
	process  *Process
	log      *slog.Logger

	mu   sync.Mutex // held while measuring: one at a time
	at   time.Time
	last lockstep.Measurement
	err  error
}

// NewStore returns the metrics of a store. granting are the types of events that may grant access.
func NewStore(store lockstep.Measured, granting []string, process *Process, log *slog.Logger) *Store {
	return &Store{store: store, granting: granting, process: process, log: log}
}

// Measure returns a measurement that is at most five seconds old.
func (s *Store) Measure(ctx context.Context) (lockstep.Measurement, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && time.Since(s.at) < measureFor {
		return s.last, s.err
	}
	// Others share the result, so it does not end with the first one's context.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), measureWithin)
	defer cancel()
	s.last, s.err = s.store.Measure(ctx, s.granting)
	s.at = time.Now()
	return s.last, s.err
}

// Resources returns what the store uses.
func (s *Store) Resources() lockstep.Resources { return s.store.Resources() }

// AccessWritten notes how long after the key's oldest open event its access was written: at holds the time of
// each step. It reads the database. A key without such an event, as after a sweep, notes nothing.
func (s *Store) AccessWritten(ctx context.Context, key lockstep.Key, at map[string]time.Time) {
	ctx, cancel := context.WithTimeout(ctx, lagWithin)
	defer cancel()
	received, err := s.store.FirstOpen(ctx, key)
	if err != nil {
		s.log.Warn("access lag not measured", "key", key.String(), "error", err)
		return
	}
	if received.IsZero() {
		return
	}
	for step, written := range at {
		s.process.AccessWritten(step, max(written.Sub(received), 0))
	}
}

var (
	queueDue = prometheus.NewDesc("lockstep_queue_due", "Keys that could run now, by priority; counted up to 10,000.",
		[]string{"priority"}, nil)
	queueAge = prometheus.NewDesc("lockstep_queue_oldest_seconds", "How long the oldest due key has waited; otherwise 0.",
		[]string{"priority"}, nil)
	workEnded = prometheus.NewDesc("lockstep_work_ended", "Keys whose last run parked or failed; counted up to 10,000.",
		[]string{"disposition"}, nil)
	payments = prometheus.NewDesc("lockstep_payment_events",
		"Open Stripe events that may grant access (checkout, payment, subscription), by status; counted up to 10,000.",
		[]string{"status"}, nil)
	paymentAge = prometheus.NewDesc("lockstep_payment_event_oldest_seconds",
		"Time since the receipt of the oldest of lockstep_payment_events; otherwise 0.", []string{"status"}, nil)
	connections = prometheus.NewDesc("lockstep_database_connections", "Connections of this process to the database.",
		[]string{"pool", "state"}, nil)
	connectionsMax = prometheus.NewDesc("lockstep_database_connections_max", "The most connections of a pool.",
		[]string{"pool"}, nil)
	connectionWaits = prometheus.NewDesc("lockstep_database_waits_total", "Transactions that waited for a free connection.",
		[]string{"pool"}, nil)
	connectionWaited = prometheus.NewDesc("lockstep_database_wait_seconds_total",
		"Time that transactions waited for a free connection.", []string{"pool"}, nil)
	fileBytes = prometheus.NewDesc("lockstep_database_bytes", "Size of the database's files (SQLite).", []string{"file"}, nil)
	diskFree  = prometheus.NewDesc("lockstep_disk_free_bytes", "Bytes left on the disk of the database (SQLite).", nil, nil)
)

// Describe implements [prometheus.Collector].
func (s *Store) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queueDue, queueAge, workEnded, payments, paymentAge, connections, connectionsMax,
		connectionWaits, connectionWaited, fileBytes, diskFree} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (s *Store) Collect(to chan<- prometheus.Metric) {
	s.collectResources(to)
	m, err := s.Measure(context.Background())
	if err != nil {
		to <- prometheus.NewInvalidMetric(queueDue, err)
		return
	}
	for priority, name := range []string{"interactive", "normal", "background"} {
		due := m.Due[lockstep.Priority(priority)]
		to <- gauge(queueDue, float64(due.Count), name)
		to <- gauge(queueAge, due.Age.Seconds(), name)
	}
	for _, d := range []lockstep.Disposition{lockstep.Parked, lockstep.Failed} {
		to <- gauge(workEnded, float64(m.Ended[d]), string(d))
	}
	for _, status := range []lockstep.EventStatus{lockstep.EventPending, lockstep.EventParked, lockstep.EventFailed} {
		open := m.Granting[status]
		to <- gauge(payments, float64(open.Count), string(status))
		to <- gauge(paymentAge, open.Age.Seconds(), string(status))
	}
}

func (s *Store) collectResources(to chan<- prometheus.Metric) {
	r := s.store.Resources()
	for _, p := range r.Pools {
		to <- gauge(connections, float64(p.InUse), p.Name, "in_use")
		to <- gauge(connections, float64(p.Idle), p.Name, "idle")
		to <- gauge(connectionsMax, float64(p.Max), p.Name)
		to <- prometheus.MustNewConstMetric(connectionWaits, prometheus.CounterValue, float64(p.Waits), p.Name)
		to <- prometheus.MustNewConstMetric(connectionWaited, prometheus.CounterValue, p.Waited.Seconds(), p.Name)
	}
	for file, bytes := range r.Files {
		to <- gauge(fileBytes, float64(bytes), file)
	}
	if r.DiskFree >= 0 {
		to <- gauge(diskFree, float64(r.DiskFree))
	}
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
