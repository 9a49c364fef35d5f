package simulator_test

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

// judged has all that a simulator says in a test compared with the published
// documents when the test ends: what the test asked for, what was delivered, and
// every object that is there in the end, because all of them are then listed.
func judged(t *testing.T, sim *simulator.Simulator) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			return // it has said enough
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

func TestEveryStripeOperationAndParameterIsInStripesDocument(t *testing.T) {
	t.Parallel()
	operations, params := openapicheck.CheckStripeOperations(t, stripesim.Operations())
	t.Logf("%d operations with %d parameters", operations, params)
	if operations < 50 || params < 300 {
		t.Errorf("only %d operations with %d parameters were judged", operations, params)
	}
}

func TestEveryClerkOperationIsInClerksDocument(t *testing.T) {
	t.Parallel()
	t.Logf("%d operations", openapicheck.CheckClerkOperations(t, clerksim.Operations()))
}
