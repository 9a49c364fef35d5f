package metrics

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
)

// The steps of [Process.AccessWritten].
const (
	StepDatabase = "database" // the API answers with the new access
	StepMetadata = "metadata" // the directory's metadata holds it, so the app shows it
)

var (
	kinds = []lockstep.KeyKind{lockstep.KeyUser, lockstep.KeyOrganization, lockstep.KeyCustomer, lockstep.KeyCheckout,
		lockstep.KeyPayment, lockstep.KeyObject, lockstep.KeySweep, lockstep.KeyNotice, lockstep.KeyEmail,
		lockstep.KeyBuyerEmail, lockstep.KeyWake, lockstep.KeyWebhook}
	emailStates = []string{string(lockstep.EmailPending), string(lockstep.EmailSent), string(lockstep.EmailUndelivered),
		string(lockstep.EmailUnknown), string(lockstep.EmailSkipped)}
	webhookStates = []string{string(lockstep.WebhookPending), string(lockstep.WebhookDelivered),
		string(lockstep.WebhookUndelivered), string(lockstep.WebhookHeld)}
	refusals = []string{"401", "403", "429", "503"}
	// driftPlaces are where a run of the full verify can tell what it changed.
	driftPlaces = []lockstep.DriftPlace{lockstep.DriftDatabase, lockstep.DriftIdentity, lockstep.DriftLink}
)

// The outcomes of a run. RunWaiting is a retry that does not count as an attempt: a provider's limit, or
// work that a newer version knows. RunLost is a run whose lease had expired.
const (
	RunWaiting = "waiting"
	RunLost    = "lease_lost"
)

var runOutcomes = []string{string(lockstep.Done), string(lockstep.Retry), string(lockstep.Parked),
	string(lockstep.Failed), RunWaiting, RunLost}

// lagBuckets are seconds: from what a buyer does not notice to what an operator must explain.
var lagBuckets = []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600}

// LagBuckets returns the upper bounds of the buckets of the lag, in seconds, the shortest first.
func LagBuckets() []float64 { return slices.Clone(lagBuckets) }

// Process counts what this process does. It is safe for concurrent use.
type Process struct {
	deliveries, scanned, runs, emails, webhooks, refused, drift *prometheus.CounterVec

	lag  *prometheus.HistogramVec
	took prometheus.Histogram

	runsOf                                map[lockstep.KeyKind]counts
	scannedOf, emailsTo, hooks, refusedAs counts
	driftIn                               map[lockstep.DriftPlace]prometheus.Counter
	lagOf                                 map[string]prometheus.Observer
}

// NewProcess returns the counts of a process, all zero.
func NewProcess() *Process {
	p := &Process{
		deliveries: counterVec("deliveries_total", "Webhooks received, by how they were answered.", "source", "outcome"),
		scanned: counterVec("scanned_events_total",
			"Events that a scan of the provider's list found and no delivery had brought.", "source"),
		runs:     counterVec("runs_total", "Runs of keys, by how they ended.", "kind", "outcome"),
		emails:   counterVec("emails_total", "Attempts to send an e-mail, by the state that they left.", "outcome"),
		webhooks: counterVec("webhooks_total", "Attempts to send a webhook to the app, by the state that they left.", "outcome"),
		refused:  counterVec("auth_failures_total", "Requests refused for their credentials, by the answer.", "status"),
		drift: counterVec("drift_found_total",
			"Accounts that the full verify found different and repaired, by the place.", "where"),
		lag: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lockstep_access_lag_seconds", Buckets: lagBuckets,
			Help: "Time from the receipt of an account's first open event to the write of changed access."}, []string{"step"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "lockstep_run_seconds", Help: "Duration of runs.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}}),
		runsOf: map[lockstep.KeyKind]counts{},
	}
	for _, kind := range append(kinds, Other) {
		p.runsOf[kind] = newCounts(p.runs, runOutcomes, string(kind))
	}
	p.scannedOf = newCounts(p.scanned, []string{string(lockstep.Stripe), string(lockstep.Clerk)})
	p.emailsTo, p.hooks = newCounts(p.emails, emailStates), newCounts(p.webhooks, webhookStates)
	p.refusedAs = newCounts(p.refused, refusals)
	p.driftIn = map[lockstep.DriftPlace]prometheus.Counter{}
	for _, where := range driftPlaces {
		p.driftIn[where] = p.drift.WithLabelValues(string(where))
	}
	p.lagOf = map[string]prometheus.Observer{StepDatabase: p.lag.WithLabelValues(StepDatabase),
		StepMetadata: p.lag.WithLabelValues(StepMetadata)}
	return p
}

// Describe implements [prometheus.Collector].
func (p *Process) Describe(to chan<- *prometheus.Desc) {
	for _, c := range p.collectors() {
		c.Describe(to)
	}
}

// Collect implements [prometheus.Collector].
func (p *Process) Collect(to chan<- prometheus.Metric) {
	for _, c := range p.collectors() {
		c.Collect(to)
	}
}

func (p *Process) collectors() []prometheus.Collector {
	return []prometheus.Collector{p.deliveries, p.scanned, p.runs, p.emails, p.webhooks, p.refused, p.drift, p.lag, p.took}
}

// Deliveries returns the function that counts a source's deliveries by outcome.
func (p *Process) Deliveries(source lockstep.Source, outcomes []string) func(outcome string) {
	return newCounts(p.deliveries, outcomes, string(source)).inc
}

// Scanned counts new events that a scan found.
func (p *Process) Scanned(source lockstep.Source, n int) {
	if counter, known := p.scannedOf.of[string(source)]; known {
		counter.Add(float64(n))
	}
}

// Ran counts a run.
func (p *Process) Ran(kind lockstep.KeyKind, outcome string, took time.Duration) {
	runs, known := p.runsOf[kind]
	if !known {
		runs = p.runsOf[Other]
	}
	runs.inc(outcome)
	p.took.Observe(took.Seconds())
}

// Emailed counts an attempt to send an e-mail.
func (p *Process) Emailed(state lockstep.EmailState) { p.emailsTo.inc(string(state)) }

// Called counts an attempt to send a webhook.
func (p *Process) Called(state lockstep.WebhookState) { p.hooks.inc(string(state)) }

// Refused counts a request whose credentials were refused with a status.
func (p *Process) Refused(status int) { p.refusedAs.inc(strconv.Itoa(status)) }

// Drifted counts an account in which the full verify repaired something.
func (p *Process) Drifted(where lockstep.DriftPlace) {
	if counter, known := p.driftIn[where]; known {
		counter.Inc()
	}
}

// AccessWritten notes how long after an event its access was written. step is StepDatabase or
// StepMetadata.
func (p *Process) AccessWritten(step string, lag time.Duration) { p.lagOf[step].Observe(lag.Seconds()) }
