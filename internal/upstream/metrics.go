package upstream

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// tally counts what passed a gate.
type tally struct {
	calls, waits, putOff, refused int64
	waited                        time.Duration
}

// measures are what a gate tells of itself.
type measures struct{ calls, waits, waited, putOff, refused, rate, share *prometheus.Desc }

func (g *Gate) measures() measures {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("lockstep_upstream_"+name, help, nil, prometheus.Labels{"provider": g.provider})
	}
	return measures{
		calls:   desc("calls_total", "Calls that this process has made."),
		waits:   desc("waits_total", "Calls that had to wait for their turn."),
		waited:  desc("wait_seconds_total", "How long calls waited for their turn."),
		putOff:  desc("put_off_total", "Calls that were not made because their turn would have come too late; their keys are put off."),
		refused: desc("refused_total", "Calls that the provider refused as too many (429)."),
		rate:    desc("requests_per_second", "What this process allows itself now."),
		share:   desc("share", "The part of the limit that this process has, as last told by the database."),
	}
}

// Describe implements [prometheus.Collector].
func (g *Gate) Describe(to chan<- *prometheus.Desc) {
	m := g.measures()
	for _, d := range []*prometheus.Desc{m.calls, m.waits, m.waited, m.putOff, m.refused, m.rate, m.share} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (g *Gate) Collect(to chan<- prometheus.Metric) {
	g.mu.Lock()
	g.all.refill(time.Now())
	t, rate, share := g.tally, g.all.rate(), g.share
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
	to <- prometheus.MustNewConstMetric(m.rate, prometheus.GaugeValue, rate)
	to <- prometheus.MustNewConstMetric(m.share, prometheus.GaugeValue, share)
}
