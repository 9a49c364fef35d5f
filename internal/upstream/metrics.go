package upstream

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// tally counts the calls at a gate.
type tally struct {
	calls, waits, putOff, refused int64
	waited                        time.Duration
}

// measures describe a gate's metrics.
type measures struct{ calls, waits, waited, putOff, refused, rate, share, used, down, paused *prometheus.Desc }

func (g *Gate) measures() measures {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("lockstep_upstream_"+name, help, nil, prometheus.Labels{"provider": g.provider})
	}
	return measures{
		calls:   desc("calls_total", "Calls that this process made."),
		waits:   desc("waits_total", "Calls that waited for the rate limit."),
		waited:  desc("wait_seconds_total", "Time that calls waited for the rate limit."),
		putOff:  desc("put_off_total", "Calls not made because the wait would have been too long; their keys run later."),
		refused: desc("refused_total", "Calls that the provider refused with 429."),
		rate:    desc("requests_per_second", "Current rate limit of this process."),
		share:   desc("share", "Share of the provider's limit that this process has."),
		used:    desc("limit_used_ratio", "Share of this process's tokens for bursts that is taken: 1 means calls wait."),
		down:    desc("down", "1 while calls to the provider have failed for half a minute."),
		paused:  desc("paused", "1 while a 429 forbids calls to the provider or to one of its endpoints."),
	}
}

// Describe implements [prometheus.Collector].
func (g *Gate) Describe(to chan<- *prometheus.Desc) {
	m := g.measures()
	for _, d := range []*prometheus.Desc{m.calls, m.waits, m.waited, m.putOff, m.refused, m.rate, m.share, m.used, m.down,
		m.paused} {
		to <- d
	}
	g.answers.total.Describe(to)
	g.answers.took.Describe(to)
}

// Collect implements [prometheus.Collector].
func (g *Gate) Collect(to chan<- prometheus.Metric) {
	g.mu.Lock()
	now := time.Now()
	g.all.refill(now)
	t, rate, share := g.tally, g.all.rate(), g.share
	used, is := 1-max(g.all.tokens, 0)/g.all.burst(), g.condition(now)
	g.mu.Unlock()
	m := g.measures()
	count := func(d *prometheus.Desc, v float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v)
	}
	count(m.calls, float64(t.calls))
	count(m.waits, float64(t.waits))
	count(m.waited, t.waited.Seconds())
	count(m.putOff, float64(t.putOff))
	count(m.refused, float64(t.refused))
	gauge := func(d *prometheus.Desc, v float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	gauge(m.rate, rate)
	gauge(m.share, share)
	gauge(m.used, used)
	gauge(m.down, truth(is.Down))
	gauge(m.paused, truth(is.Paused))
	g.answers.total.Collect(to)
	g.answers.took.Collect(to)
}

// truth is a yes or no as Prometheus writes it.
func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
