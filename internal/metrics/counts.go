package metrics

import "github.com/prometheus/client_golang/prometheus"

// Other is the label of every value that is not in a label's list.
const Other = "other"

// counts are the counters of one metric with one label whose values are known.
type counts struct {
	of   map[string]prometheus.Counter
	rest prometheus.Counter // of every other value
}

// newCounts takes a counter for each value and for [Other] out of vec. The labels before come first.
func newCounts(vec *prometheus.CounterVec, values []string, before ...string) counts {
	counter := func(value string) prometheus.Counter {
		return vec.WithLabelValues(append(append([]string{}, before...), value)...)
	}
	c := counts{of: map[string]prometheus.Counter{}, rest: counter(Other)}
	for _, value := range values {
		c.of[value] = counter(value)
	}
	return c
}

// inc counts one of a value.
func (c counts) inc(value string) {
	if counter, known := c.of[value]; known {
		counter.Inc()
		return
	}
	c.rest.Inc()
}

// counterVec returns a counter with labels.
func counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lockstep_" + name, Help: help}, labels)
}
