package upstream

import (
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/lockstep-dev/lockstep"
)

// answersOf returns the counts of calls that ended, by "endpoint status", without zeros.
func answersOf(gate *Gate) map[string]float64 {
	found := map[string]float64{}
	for endpoint, of := range gate.answers.of {
		for status, counter := range of {
			if n := testutil.ToFloat64(counter); n > 0 {
				found[endpoint+" "+status] = n
			}
		}
	}
	return found
}

// TestAnswersAreCountedByEndpoint: ids make no series, and an endpoint that is not listed shares one.
func TestAnswersAreCountedByEndpoint(t *testing.T) {
	t.Parallel()
	rules := paced
	rules.Pace.Names, rules.Pace.Endpoints = []string{"things"}, []string{"GET /v1/things/{}"}
	gate := rules.NewGate(lockstep.Limits{PerSecond: 1e6})
	series := testutil.CollectAndCount(gate)
	call := func(path string, err error) {
		t.Helper()
		_ = gate.Call(as(lockstep.Normal), "GET", path, func() error { return err })
	}
	status := func(n int) error { return &lockstep.UpstreamError{Status: n} }
	call("/v1/things/1", nil)
	call("/v1/things/2", nil)
	call("/v1/things/2", status(404))
	call("/v1/things/2", status(402))
	call("/v1/things/2", status(401))
	call("/v1/things/2", status(503))
	call("/v1/things/2", status(0))
	call("/v1/things/2", errors.New("cut off"))
	call("/v1/secret/2", nil)
	want := map[string]float64{"GET /v1/things/{} 2xx": 2, "GET /v1/things/{} 404": 1, "GET /v1/things/{} 4xx": 1,
		"GET /v1/things/{} 401": 1, "GET /v1/things/{} 5xx": 1, "GET /v1/things/{} none": 2, "other 2xx": 1}
	if got := answersOf(gate); !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if after := testutil.CollectAndCount(gate); after != series {
		t.Errorf("%d series became %d", series, after)
	}
}

// TestAProviderIsDownWhenCallsFailForAWhile: a single failure does not count, and one success ends it.
func TestAProviderIsDownWhenCallsFailForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 100})
		down := func(want bool, when string) {
			t.Helper()
			if got := gate.Condition().Down; got != want {
				t.Errorf("%s: down is %v", when, got)
			}
		}
		call := func(err error) {
			t.Helper()
			_ = gate.Call(as(lockstep.Normal), "GET", "/v1/things", func() error { return err })
		}
		call(&lockstep.UpstreamError{Status: 500})
		time.Sleep(downAfter)
		down(false, "after one failure")
		call(&lockstep.UpstreamError{Status: 500})
		call(&lockstep.UpstreamError{})
		down(true, "after three failures in half a minute")
		time.Sleep(downFor)
		down(false, "after a long time without a call")
		call(&lockstep.UpstreamError{})
		down(true, "when it still fails")
		call(&lockstep.UpstreamError{Status: 404})
		down(false, "after an answer")
	})
}

// TestAPausedProviderSaysSo: until Retry-After is over.
func TestAPausedProviderSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 100})
		_ = gate.Call(as(lockstep.Normal), "GET", "/v1/things",
			refusing(lockstep.UpstreamError{RetryAfter: time.Minute, Limit: "everything"}))
		if !gate.Condition().Paused {
			t.Error("it is not paused")
		}
		time.Sleep(time.Minute)
		if gate.Condition().Paused {
			t.Error("it is still paused")
		}
	})
}

// TestAGateKnowsThatTheKeyIsRefused: a missing answer says nothing about the key.
func TestAGateKnowsThatTheKeyIsRefused(t *testing.T) {
	t.Parallel()
	gate := acme.NewGate(lockstep.Limits{PerSecond: 1000})
	for _, c := range []struct {
		status int
		want   bool
	}{{200, false}, {401, true}, {0, true}, {403, false}, {401, true}, {0, true}, {404, false}, {0, false}} {
		_ = gate.Call(t.Context(), "GET", "/v1/things", func() error {
			if c.status == 200 {
				return nil
			}
			return &lockstep.UpstreamError{Status: c.status}
		})
		if got := gate.Condition().KeyRefused; got != c.want {
			t.Errorf("after %d: %t", c.status, got)
		}
	}
}
