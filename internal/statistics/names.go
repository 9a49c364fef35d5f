package statistics

import (
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// The gauges, which are read from the database.
const (
	queueDue    = "queue.due"
	queueOldest = "queue.oldest_seconds" // kept in milliseconds
)

// kind is how the cells of a metric are read.
type kind int

const (
	counter kind = iota
	gauge
	lag
)

// metric is a metric that has a chart.
type metric struct {
	name string
	kind kind
	unit string
}

// tracked are all metrics that are kept, in the order of the API.
var tracked = func() []metric {
	all := []metric{}
	for _, outcome := range []string{"stored", "duplicate", "refused", "not_stored"} {
		all = append(all, metric{"deliveries." + outcome, counter, Count})
	}
	for _, outcome := range []string{"done", "retry", "waiting", "parked", "failed", "lease_lost"} {
		all = append(all, metric{"runs." + outcome, counter, Count})
	}
	for _, step := range []string{"database", "metadata"} {
		all = append(all, metric{"access_lag." + step, lag, Seconds})
	}
	all = append(all, metric{queueDue, gauge, Count}, metric{queueOldest, gauge, Seconds})
	for _, provider := range []lockstep.Source{lockstep.Stripe, lockstep.Clerk} {
		for _, what := range []string{"calls", "waits", "put_off", "refused"} {
			all = append(all, metric{"upstream." + string(provider) + "." + what, counter, Count})
		}
	}
	return all
}()

// families are the metrics of Prometheus that are kept, with the name that a series of them has here. Series without
// such a name, as those with the label other, are not kept.
var families = map[string]func(label func(string) string) string{
	"lockstep_deliveries_total":       func(label func(string) string) string { return "deliveries." + answered(label("outcome")) },
	"lockstep_runs_total":             func(label func(string) string) string { return "runs." + label("outcome") },
	"lockstep_access_lag_seconds":     func(label func(string) string) string { return "access_lag." + label("step") },
	"lockstep_upstream_calls_total":   upstream("calls"),
	"lockstep_upstream_waits_total":   upstream("waits"),
	"lockstep_upstream_put_off_total": upstream("put_off"),
	"lockstep_upstream_refused_total": upstream("refused"),
}

func upstream(what string) func(label func(string) string) string {
	return func(label func(string) string) string { return "upstream." + label("provider") + "." + what }
}

// answered folds the outcomes of deliveries: what was not stored for the sender's fault is refused.
func answered(outcome string) string {
	switch outcome {
	case "stored", "duplicate", "not_stored":
		return outcome
	case "sender_left":
		return "not_stored"
	}
	return "refused"
}

func isTracked(name string) bool {
	return slices.ContainsFunc(tracked, func(m metric) bool { return m.name == name })
}
