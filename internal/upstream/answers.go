package upstream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
)

// statuses are the labels of what a call ended with. Those that an operator acts on stand alone; "none" is
// a call without an answer, or with one that could not be read.
var statuses = []string{"2xx", "401", "403", "404", "429", "4xx", "5xx", "none"}

// otherEndpoint counts the calls to what [Pace.Endpoints] does not list.
const otherEndpoint = "other"

const (
	// downAfter is how long calls must have failed, and downCalls how many in a row, before the provider
	// counts as down. After downFor without a call it no longer does.
	downAfter = 30 * time.Second
	downCalls = 3
	downFor   = 15 * time.Minute
)

// answers count how calls ended.
type answers struct {
	total *prometheus.CounterVec
	of    map[string]map[string]prometheus.Counter // by endpoint and status
	took  prometheus.Histogram
}

func newAnswers(provider string, endpoints []string) answers {
	a := answers{of: map[string]map[string]prometheus.Counter{},
		total: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lockstep_upstream_responses_total",
			Help:        "Calls that ended, by endpoint and status; none: without an answer.",
			ConstLabels: prometheus.Labels{"provider": provider}}, []string{"endpoint", "status"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "lockstep_upstream_seconds",
			Help: "Duration of calls, without the wait for the rate limit.", Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
			ConstLabels: prometheus.Labels{"provider": provider}})}
	for _, endpoint := range append(slices.Clone(endpoints), otherEndpoint) {
		a.of[endpoint] = map[string]prometheus.Counter{}
		for _, status := range statuses {
			a.of[endpoint][status] = a.total.WithLabelValues(endpoint, status)
		}
	}
	return a
}

// count counts a call that ended.
func (a answers) count(endpoint, status string, took time.Duration) {
	of, known := a.of[endpoint]
	if !known {
		of = a.of[otherEndpoint]
	}
	of[status].Inc()
	a.took.Observe(took.Seconds())
}

// statusOf is the label of how a call ended.
func statusOf(err error) string {
	var failed *lockstep.UpstreamError
	switch {
	case err == nil:
		return "2xx"
	case !errors.As(err, &failed) || failed.Status == 0:
		return "none"
	}
	if status := fmt.Sprint(failed.Status); slices.Contains(statuses, status) {
		return status
	}
	return fmt.Sprintf("%dxx", failed.Status/100)
}

// outage is what a gate knows of calls that failed in a row.
type outage struct {
	calls       int
	since, last time.Time
}

// ended notes how a call ended.
func (g *Gate) ended(to target, err error, began time.Time) {
	status, now := statusOf(err), time.Now()
	g.answers.count(to.endpoint, status, now.Sub(began))
	g.mu.Lock()
	defer g.mu.Unlock()
	if status != "none" {
		g.keyRefused = status == "401"
	}
	if status != "5xx" && status != "none" {
		g.outage = outage{}
		return
	}
	if g.outage.calls == 0 {
		g.outage.since = now
	}
	g.outage.calls++
	g.outage.last = now
}

// Condition is whether calls to a provider succeed.
type Condition struct {
	Provider string
	Down     bool // calls have failed for half a minute
	Paused   bool // a 429 forbids all calls, or those to an endpoint
	// KeyRefused: the last answer was a 401.
	KeyRefused bool
}

// Condition returns whether calls to the provider succeed.
func (g *Gate) Condition() Condition {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.condition(time.Now())
}

func (g *Gate) condition(now time.Time) Condition {
	c := Condition{Provider: g.provider, KeyRefused: g.keyRefused}
	o := g.outage
	c.Down = o.calls >= downCalls && now.Sub(o.since) >= downAfter && now.Sub(o.last) < downFor
	for _, p := range g.pauses {
		c.Paused = c.Paused || p.endpoint == "" && p.until.After(now)
	}
	return c
}
