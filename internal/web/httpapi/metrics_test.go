package httpapi_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// values returns the metrics of the server by series.
func (k *kit) values() map[string]float64 {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodGet, k.url+"/metrics", http.NoBody)
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+apiKey)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		k.Fatal(err)
	}
	found := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		at := strings.LastIndex(line, " ")
		if value, err := strconv.ParseFloat(line[at+1:], 64); err == nil && !strings.HasPrefix(line, "#") {
			found[line[:at]] = value
		}
	}
	return found
}

// TestAPurchaseIsMeasured: a purchase shows in the counts of deliveries, runs, calls and the lag. Each
// endpoint that it calls has a series of its own.
func TestAPurchaseIsMeasured(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	k.buy(ada, "pro")
	k.until("the metadata is written", func() bool {
		return k.values()[`lockstep_access_lag_seconds_count{step="metadata"}`] >= 1
	})
	k.until("all is settled", func() bool { return k.values()[`lockstep_payment_events{status="pending"}`] == 0 })
	values := k.values()
	if lag := values[`lockstep_access_lag_seconds_sum{step="database"}`]; lag <= 0 || lag > 60 {
		t.Errorf("the lag is %v s", lag)
	}
	if n := values[`lockstep_access_lag_seconds_count{step="database"}`]; n != 1 {
		t.Errorf("access changed %v times in the database, want once", n)
	}
	for _, atLeastOne := range []string{
		`lockstep_deliveries_total{outcome="stored",source="stripe"}`,
		`lockstep_deliveries_total{outcome="stored",source="clerk"}`,
		`lockstep_runs_total{kind="user",outcome="done"}`,
		`lockstep_upstream_responses_total{endpoint="GET /v1/subscriptions",provider="stripe",status="2xx"}`,
		`lockstep_upstream_responses_total{endpoint="PATCH /v1/users/{}/metadata",provider="clerk",status="2xx"}`,
		`lockstep_run_seconds_count`,
		`lockstep_upstream_seconds_count{provider="stripe"}`,
	} {
		if values[atLeastOne] < 1 {
			t.Errorf("%s is %v", atLeastOne, values[atLeastOne])
		}
	}
	for name, value := range values {
		if strings.Contains(name, `endpoint="other"`) && value > 0 || strings.Contains(name, `kind="other"`) && value > 0 {
			t.Errorf("%s is %v; list the endpoint or kind", name, value)
		}
	}
}
