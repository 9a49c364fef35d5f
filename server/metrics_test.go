package server_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

var update = flag.Bool("update", false, "write testdata/series.golden")

// series is the golden list of all metrics of a fresh service, with their labels. The rules and the
// dashboard in deploy/ may use only these.
const series = "testdata/series.golden"

// scrape returns the lines of /metrics.
func scrape(t *testing.T, handler http.Handler) []string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
	r.Header.Set("Authorization", "Bearer a-key-of-this-test-of-32-characters")
	w := answered(handler, r)
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", w.Code, w.Body)
	}
	return strings.Split(strings.TrimSpace(w.Body.String()), "\n")
}

// ours returns the names and labels of our series. The label of a build differs from build to build.
func ours(lines []string) (found []string) {
	for _, line := range lines {
		name, _, _ := cutLast(line, " ")
		if strings.HasPrefix(name, "lockstep_") && !strings.HasPrefix(name, "lockstep_build_info") {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// TestEverySeriesExistsFromTheStart: rate() and alerts work from the first scrape of a fresh service.
func TestEverySeriesExistsFromTheStart(t *testing.T) {
	t.Parallel()
	have := strings.Join(ours(scrape(t, receiver(t))), "\n") + "\n"
	if *update {
		if err := os.WriteFile(series, []byte(have), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(series)
	if err != nil {
		t.Fatal(err)
	}
	if have != string(want) {
		t.Errorf("the series differ from %s; run go test ./server -update if that is right:\n%s", series,
			differences(string(want), have))
	}
}

// differences lists the lines that only one of the texts has.
func differences(want, have string) string {
	var b strings.Builder
	wanted, got := strings.Split(want, "\n"), strings.Split(have, "\n")
	for _, line := range wanted {
		if !slices.Contains(got, line) {
			fmt.Fprintln(&b, "-", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(wanted, line) {
			fmt.Fprintln(&b, "+", line)
		}
	}
	return b.String()
}

// TestNothingAddsSeries: what strangers, customers and providers send changes values, not the number of
// series.
func TestNothingAddsSeries(t *testing.T) {
	t.Parallel()
	handler := receiver(t)
	before := ours(scrape(t, handler))
	for n := range 2000 {
		id := fmt.Sprint(n)
		event := strings.ReplaceAll(stripeEvent("evt_"+id, "kind."+id), "cus_1", "cus_"+id)
		answered(handler, delivered(t, lockstep.Stripe, server.DefaultStripePath, "evt_"+id, event))
		for _, path := range []string{"/v1/accounts/user/user_" + id, "/" + id, "/webhooks/" + id, "/metrics?" + id} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			r.Header.Set("Authorization", "Bearer "+id)
			answered(handler, r)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, server.DefaultClerkPath, strings.NewReader(id))
		r.Header.Set("Svix-Id", id)
		answered(handler, r)
	}
	lines := scrape(t, handler)
	if after := ours(lines); !slices.Equal(before, after) {
		t.Errorf("series were added:\n%s", differences(strings.Join(before, "\n"), strings.Join(after, "\n")))
	}
	for _, want := range []string{
		`lockstep_deliveries_total{outcome="stored",source="stripe"} 2000`,
		`lockstep_deliveries_total{outcome="signature_invalid",source="clerk"} 2000`,
		`lockstep_events{status="pending"} 0`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line %s", want)
		}
	}
	if denied := valueOf(t, lines, `lockstep_auth_failures_total{status="429"}`); denied == "0" {
		t.Error("no request was refused after too many wrong keys")
	}
}

// valueOf returns the value of a series.
func valueOf(t *testing.T, lines []string, name string) string {
	t.Helper()
	for _, line := range lines {
		if before, value, _ := cutLast(line, " "); before == name {
			return value
		}
	}
	t.Fatalf("there is no series %s", name)
	return ""
}

// TestNamesFollowPrometheus: a counter ends in _total, a unit is a base unit.
func TestNamesFollowPrometheus(t *testing.T) {
	t.Parallel()
	wrong := regexp.MustCompile(`_(ms|milliseconds|minutes|hours|kb|mb|percent)(_|$)`)
	for _, line := range scrape(t, receiver(t)) {
		of, isType := strings.CutPrefix(line, "# TYPE ")
		if !isType || !strings.HasPrefix(of, "lockstep_") {
			continue
		}
		name, kind, _ := strings.Cut(of, " ")
		if (kind == "counter") != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, kind)
		}
		if wrong.MatchString(name) {
			t.Errorf("%s is not in a base unit", name)
		}
	}
}

// TestDeliveriesAreCountedByOutcome: each answer counts once.
func TestDeliveriesAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	handler := receiver(t)
	event := stripeEvent("evt_1", "invoice.paid")
	for range 3 {
		answered(handler, delivered(t, lockstep.Stripe, server.DefaultStripePath, "evt_1", event))
	}
	answered(handler, delivered(t, lockstep.Stripe, server.DefaultStripePath, "evt_1", `{"no":"event"}`))
	lines := scrape(t, handler)
	for outcome, want := range map[string]string{"stored": "1", "duplicate": "2", "not_an_event": "1",
		"not_stored": "0", "signature_invalid": "0"} {
		name := `lockstep_deliveries_total{outcome="` + outcome + `",source="stripe"}`
		if got := valueOf(t, lines, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{`lockstep_payment_events{status="pending"}`: "1",
		`lockstep_queue_due{priority="background"}`: "0"} {
		if got := valueOf(t, lines, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestMetricsOutliveTheDatabase: the counts of the process are needed most while the database is down.
func TestMetricsOutliveTheDatabase(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	handler := receiver(t, func(c *server.Config) { c.Store = store })
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	event := stripeEvent("evt_1", "invoice.paid")
	answered(handler, delivered(t, lockstep.Stripe, server.DefaultStripePath, "evt_1", event))
	lines := scrape(t, handler)
	if got := valueOf(t, lines, `lockstep_deliveries_total{outcome="not_stored",source="stripe"}`); got != "1" {
		t.Errorf("%s deliveries were not stored, want 1", got)
	}
	if slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "lockstep_queue_due") }) {
		t.Error("the queue of a closed database is measured")
	}
}
