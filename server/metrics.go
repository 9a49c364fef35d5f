package server

import (
	"context"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/metrics"
	"github.com/lockstep-dev/lockstep/internal/statistics"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
)

// measure connects the metrics to what they measure. A store that does not measure itself has fewer.
func (p *parts) measure() {
	p.counts = metrics.NewProcess()
	if store, is := p.inbox.(lockstep.Measured); is {
		p.measured = metrics.NewStore(store, ingest.Granting(), p.counts, p.config.Log)
	}
	p.intake.Scanned, p.arrivals.started = p.scanned, time.Now()
}

// collectors are the metrics of this process and its database.
func (p *parts) collectors() []prometheus.Collector {
	all := []prometheus.Collector{p.counts}
	if p.measured != nil {
		all = append(all, p.measured)
	}
	for _, gate := range p.gates() {
		all = append(all, gate)
	}
	return all
}

// statistics writes what this process counts to the database, for charts; nil if nothing is kept.
func (p *parts) statistics() *statistics.Writer {
	if p.config.Sync.NoStatistics {
		return nil
	}
	counted := prometheus.NewRegistry()
	counted.MustRegister(p.counts)
	for _, gate := range p.gates() {
		counted.MustRegister(gate)
	}
	w := &statistics.Writer{Store: p.config.Store, Metrics: counted, Log: p.config.Log}
	if p.measured != nil {
		w.Measure = p.measured.Measure
	}
	return w
}

// ran counts a run.
func (p *parts) ran(kind lockstep.KeyKind, outcome lockstep.Outcome, lost bool, took time.Duration) {
	how := string(outcome.Disposition)
	switch {
	case lost:
		how = metrics.RunLost
	case outcome.Disposition == lockstep.Retry && outcome.Untried:
		how = metrics.RunWaiting
	}
	p.counts.Ran(kind, how, took)
}

// accessWritten measures the lag of an access; nil if the store does not measure itself.
func (p *parts) accessWritten() func(context.Context, lockstep.Key, reconcile.AccessWrites) {
	if p.measured == nil {
		return nil
	}
	return func(ctx context.Context, key lockstep.Key, at reconcile.AccessWrites) {
		steps := map[string]time.Time{metrics.StepDatabase: at.Database, metrics.StepMetadata: at.Metadata}
		maps.DeleteFunc(steps, func(_ string, at time.Time) bool { return at.IsZero() })
		p.measured.AccessWritten(ctx, key, steps)
	}
}

// countedEmails is a store that counts what becomes of e-mails.
type countedEmails struct {
	lockstep.Store
	counts *metrics.Process
}

// SaveEmailDelivery implements [lockstep.EmailDeliveries]. It does not count that an attempt begins.
func (s countedEmails) SaveEmailDelivery(ctx context.Context, claim lockstep.Claim, d lockstep.EmailDelivery) error {
	err := s.Store.SaveEmailDelivery(ctx, claim, d)
	if err == nil && d.State != lockstep.EmailSending {
		s.counts.Emailed(d.State)
	}
	return err
}

// countedWebhooks is a store that counts what becomes of webhooks to the app.
type countedWebhooks struct {
	lockstep.Store
	counts *metrics.Process
}

// SaveWebhookDelivery implements [lockstep.Webhooks].
func (s countedWebhooks) SaveWebhookDelivery(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery,
	endpoint *lockstep.WebhookEndpoint) error {
	err := s.Store.SaveWebhookDelivery(ctx, claim, d, endpoint)
	if err == nil {
		s.counts.Called(d.State)
	}
	return err
}
