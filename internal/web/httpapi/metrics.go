package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/buildinfo"
	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
	"github.com/lockstep-dev/lockstep/internal/web/problem"
)

// metricStore is the part of the store that counts.
type metricStore interface {
	EventTally(ctx context.Context) (map[lockstep.EventStatus]int64, error)
	DeletionTally(ctx context.Context) (map[lockstep.DeletionState]int64, error)
	Fleet(ctx context.Context) (lockstep.Fleet, error)
}

// Metrics answers in Prometheus' format, and requires an API key with the scope metrics. While the database is
// down, it answers with the metrics of this process. Counts are read from the database, so every replica answers
// the same; [Operations.Collectors] belong to this process.
func (a *API) Metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		stored{a}, buildMetric(a.Operations.Build))
	registry.MustRegister(a.Operations.Collectors...)
	answer := promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError,
		ErrorLog: metricErrors{a.Log}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		key, err := a.Callers.Keys.Find(r.Context(), token)
		lacks := lacking(key, lockstep.APIMetrics)
		switch {
		case errors.Is(err, apikeys.ErrUnavailable):
			w.Header().Set("Retry-After", strconv.Itoa(int(keysRetry.Seconds())))
			a.countRefused(http.StatusServiceUnavailable)
			problem.Write(w, http.StatusServiceUnavailable, keysUnavailable)
		case err != nil:
			a.denyMetrics(w, r, token)
		case lacks != nil:
			a.countRefused(lacks.Status)
			problem.Write(w, lacks.Status, lacks.Why)
		default:
			answer.ServeHTTP(w, r)
		}
	})
}

func (a *API) denyMetrics(w http.ResponseWriter, r *http.Request, token string) {
	status := http.StatusUnauthorized
	if token != "" {
		if after := a.denials.count(clients.Of(r.Context()), errNoKey, a.Log); after > 0 {
			status = http.StatusTooManyRequests
			w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
		}
	}
	a.countRefused(status)
	problem.Write(w, status, "Authorization: send Bearer and an API key with the scope metrics")
}

// buildMetric is always 1. Its labels say which build answers, so that a graph can mark an upgrade.
func buildMetric(b buildinfo.Info) prometheus.Collector {
	metric := prometheus.NewGauge(prometheus.GaugeOpts{Name: "lockstep_build_info",
		Help:        "1, with the build of Lockstep in its labels.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "date": b.Date, "go": b.Go}})
	metric.Set(1)
	return metric
}

func (a *API) countRefused(status int) {
	if a.Operations.Refused != nil {
		a.Operations.Refused(status)
	}
}

// metricErrors logs errors of collectors.
type metricErrors struct{ log *slog.Logger }

func (e metricErrors) Println(v ...any) { e.log.Error("metrics not collected", "error", v) }

var (
	eventsStored = prometheus.NewDesc("lockstep_events", "Events that are not settled, by status.", []string{"status"}, nil)
	deletionsOf  = prometheus.NewDesc("lockstep_deletions",
		"Accounts that the directory deleted, by the state of their deletion; held ones wait for an operator.",
		[]string{"state"}, nil)
	replicasAt = prometheus.NewDesc("lockstep_replicas",
		"Processes that share the providers' rate limits.", nil, nil)
	problemsOf = prometheus.NewDesc("lockstep_account_problems",
		"Accounts with a step that a provider rejected, by step; GET /v1/problems lists them.", []string{"step"}, nil)
	instanceOK = prometheus.NewDesc("lockstep_instance_accepted",
		"1 if this process's key belongs to the same instance as the database; 0 while deletions and creations are paused.", []string{"provider"}, nil)
	brakeOn = prometheus.NewDesc("lockstep_deletions_braked", "1 while the brake holds deletions.", nil, nil)
)

// stored collects the counts of the database.
type stored struct{ api *API }

// Describe implements [prometheus.Collector].
func (stored) Describe(to chan<- *prometheus.Desc) {
	to <- eventsStored
	to <- deletionsOf
	to <- brakeOn
	to <- problemsOf
	to <- replicasAt
	to <- instanceOK
}

// Collect implements [prometheus.Collector].
func (s stored) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.events(ctx, to)
	s.deletions(ctx, to)
	s.problems(ctx, to)
	s.collectInstances(ctx, to)
	fleet, err := s.api.Store.Fleet(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(replicasAt, err)
		return
	}
	to <- prometheus.MustNewConstMetric(replicasAt, prometheus.GaugeValue, float64(fleet.Replicas))
}

func (s stored) events(ctx context.Context, to chan<- prometheus.Metric) {
	events, err := s.api.Store.EventTally(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(eventsStored, err)
		return
	}
	for _, status := range []lockstep.EventStatus{lockstep.EventPending, lockstep.EventParked, lockstep.EventFailed} {
		to <- prometheus.MustNewConstMetric(eventsStored, prometheus.GaugeValue, float64(events[status]), string(status))
	}
}

func (s stored) deletions(ctx context.Context, to chan<- prometheus.Metric) {
	deletions, err := s.api.Store.DeletionTally(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(deletionsOf, err)
		return
	}
	for _, state := range []lockstep.DeletionState{lockstep.DeletionBegun, lockstep.DeletionHeld,
		lockstep.DeletionApproved, lockstep.DeletionDiscarded, lockstep.DeletionRefused} {
		to <- prometheus.MustNewConstMetric(deletionsOf, prometheus.GaugeValue, float64(deletions[state]), string(state))
	}
	to <- prometheus.MustNewConstMetric(brakeOn, prometheus.GaugeValue, float64(min(deletions[lockstep.DeletionHeld], 1)))
}

// problems counts accounts by rejected step.
func (s stored) problems(ctx context.Context, to chan<- prometheus.Metric) {
	const page = 1000
	count := map[lockstep.Step]int{}
	for _, step := range lockstep.Steps {
		count[step] = 0 // every step has a metric from the start
	}
	for after := (lockstep.Account{}); ; {
		found, err := s.api.Store.Troubled(ctx, after, page)
		if err != nil {
			to <- prometheus.NewInvalidMetric(problemsOf, err)
			return
		}
		for _, t := range found {
			after = t.Account
			for _, p := range t.Problems {
				count[p.Step]++
			}
		}
		if len(found) < page {
			break
		}
	}
	for step, n := range count {
		to <- prometheus.MustNewConstMetric(problemsOf, prometheus.GaugeValue, float64(n), string(step))
	}
}

// collectInstances reports whether our keys belong to the same instances as the database.
func (s stored) collectInstances(ctx context.Context, to chan<- prometheus.Metric) {
	if s.api.Operations.Guard == nil {
		return
	}
	for _, standing := range s.api.Operations.Guard.Standings(ctx) {
		accepted := 0.0
		if standing.Problem == "" {
			accepted = 1
		}
		to <- prometheus.MustNewConstMetric(instanceOK, prometheus.GaugeValue, accepted, string(standing.Provider))
	}
}
