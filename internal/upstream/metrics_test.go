package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
)

// measured is what a gate tells, by metric.
func measured(t *testing.T, gate *Gate) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(gate); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "lockstep_upstream_responses_total" { // see answersOf
			continue
		}
		for _, m := range f.GetMetric() {
			if labels := m.GetLabel(); len(labels) != 1 || labels[0].GetValue() != "acme" {
				t.Errorf("%s has labels %v", f.GetName(), labels)
			}
			values[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return values
}

func TestAGateTellsWhatItDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 5})
		check := func(want map[string]float64) {
			t.Helper()
			got := measured(t, gate)
			for name, value := range want {
				if v, has := got["lockstep_upstream_"+name]; !has || v != value {
					t.Errorf("%s is %v (there: %v), want %v", name, v, has, value)
				}
			}
		}
		check(map[string]float64{"limit_used_ratio": 0, "down": 0, "paused": 0})
		check(map[string]float64{"calls_total": 0, "waits_total": 0, "wait_seconds_total": 0, "put_off_total": 0,
			"refused_total":       0,
			"requests_per_second": 4, "share": 1})
		fine := func() error { return nil }
		for range 2 { // the second waits a quarter of a second
			_ = gate.Call(as(lockstep.Normal), "GET", "/v1/things", fine)
		}
		_ = gate.Call(as(lockstep.Normal), "GET", "/v1/others",
			refusing(lockstep.UpstreamError{RetryAfter: time.Hour, Limit: "everything"}))
		_ = gate.Call(as(lockstep.Normal), "GET", "/v1/others", fine)
		gate.adopt(lockstep.Fleet{Replicas: 2}, false)
		check(map[string]float64{"calls_total": 3, "waits_total": 2, "wait_seconds_total": 0.5, "put_off_total": 1,
			"refused_total":       1,
			"requests_per_second": 1, "share": 0.5})
	})
}
