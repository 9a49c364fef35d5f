package simharness

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/simulator/clerksim"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
)

// Judged compares everything a simulator said in a test with the published
// documents when the test ends: its answers, its webhooks, and all objects,
// which it lists for that.
func Judged(t *testing.T, sim *simulator.Simulator) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			return // one failure is enough
		}
		sim.ClearFaults()
		for _, operation := range stripesim.Operations() {
			if operation.Method == http.MethodGet && !strings.Contains(operation.Path, "{}") &&
				!strings.HasSuffix(operation.Path, "/search") {
				look(t, sim.StripeHandler(), operation.Path+"?limit=100", simulator.DefaultStripeKey)
			}
		}
		look(t, sim.StripeHandler(), "/v1/subscriptions?limit=100&status=all", simulator.DefaultStripeKey)
		for _, operation := range clerksim.Operations() {
			if method, path, _ := strings.Cut(operation, " "); method == http.MethodGet && !strings.Contains(path, "{}") {
				look(t, sim.ClerkHandler(), path, simulator.DefaultClerkKey)
			}
		}
		openapicheck.Check(t, sim.History())
	})
}

func look(t *testing.T, at http.Handler, path, key string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	request.Header.Set("Authorization", "Bearer "+key)
	at.ServeHTTP(httptest.NewRecorder(), request)
}
