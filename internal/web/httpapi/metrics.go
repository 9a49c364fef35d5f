package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/web/problem"
)

// Metrics answers in Prometheus' format, for whoever has the API key. What is counted
// is read from the database, so every replica says the same; [API.Collectors] are of
// this process.
func (a *API) Metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		stored{a})
	registry.MustRegister(a.Collectors...)
	answer := promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError,
		ErrorLog: problems{a}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !a.isKey(token) {
			status := http.StatusUnauthorized
			if token != "" {
				if after := a.denials.count(clients.Of(r.Context()), errNoKey, a.Log); after > 0 {
					status = http.StatusTooManyRequests
					w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
				}
			}
			problem.Write(w, status, "send Authorization: Bearer with the API key")
			return
		}
		answer.ServeHTTP(w, r)
	})
}

// problems logs what went wrong while metrics were read.
type problems struct{ api *API }

func (p problems) Println(v ...any) { p.api.Log.Error("read metrics", "error", v) }

var (
	eventsStored = prometheus.NewDesc("lockstep_events", "Stored events, by what became of them.", []string{"status"}, nil)
	deletionsOf  = prometheus.NewDesc("lockstep_deletions",
		"Accounts that the directory said to be gone, by how far their deletion is; held ones wait for an operator.",
		[]string{"state"}, nil)
	replicasAt = prometheus.NewDesc("lockstep_replicas",
		"Processes that have called providers in the last seconds, and share their limits.", nil, nil)
	problemsOf = prometheus.NewDesc("lockstep_account_problems",
		"Accounts with a step that a provider refused, by step; GET /v1/problems names them.", []string{"step"}, nil)
	instanceOK = prometheus.NewDesc("lockstep_instance_accepted",
		"1 when this process's key belongs to the instance that the database belongs to; 0 while nothing is deleted or created.", []string{"provider"}, nil)
	brakeOn = prometheus.NewDesc("lockstep_deletions_braked", "1 while deletions are held by the brake.", nil, nil)
)

// stored collects what the database counts.
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
	events, err := s.api.Store.EventTally(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(eventsStored, err)
		return
	}
	for _, status := range []lockstep.EventStatus{lockstep.EventPending, lockstep.EventDone, lockstep.EventParked,
		lockstep.EventFailed, lockstep.EventIgnored} {
		to <- prometheus.MustNewConstMetric(eventsStored, prometheus.GaugeValue, float64(events[status]), string(status))
	}
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
	s.problems(ctx, to)
	s.collectInstances(ctx, to)
	fleet, err := s.api.Store.Fleet(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(replicasAt, err)
		return
	}
	to <- prometheus.MustNewConstMetric(replicasAt, prometheus.GaugeValue, float64(fleet.Replicas))
}

// problems counts accounts by the steps that were refused.
func (s stored) problems(ctx context.Context, to chan<- prometheus.Metric) {
	const page = 1000
	count := map[lockstep.Step]int{}
	for _, step := range lockstep.Steps {
		count[step] = 0 // so that a counter is there before it is needed
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

// collectInstances says which of our keys belong to the database's instances.
func (s stored) collectInstances(ctx context.Context, to chan<- prometheus.Metric) {
	if s.api.Guard == nil {
		return
	}
	for _, standing := range s.api.Guard.Standings(ctx) {
		accepted := 0.0
		if standing.Problem == "" {
			accepted = 1
		}
		to <- prometheus.MustNewConstMetric(instanceOK, prometheus.GaugeValue, accepted, string(standing.Provider))
	}
}
