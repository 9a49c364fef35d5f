package openapicheck

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator/stripesim"
)

// CheckStripeOperations fails a test for every operation and every top-level
// parameter that the simulator takes and Stripe's document does not have. It
// returns how many of each there are. Nested parameters are judged when they are
// sent, by [Check].
func CheckStripeOperations(t testing.TB, operations []stripesim.Operation) (judged, params int) {
	t.Helper()
	document, err := stripeDocument()
	if err != nil {
		t.Fatal(err)
	}
	for _, offered := range operations {
		// Any value does for what varies: a path that is written out goes first.
		path := strings.ReplaceAll(offered.Path, "{}", "x")
		described := document.operation(offered.Method, path)
		if described == nil {
			if !undocumented(offered.Method, path) {
				t.Errorf("%s %s is offered, and the document does not have it", offered.Method, offered.Path)
			}
			continue
		}
		judged++
		known := described.parameters().Properties
		for _, param := range offered.Params {
			params++
			if known[param] == nil && otherReleases[described.name+" "+param].releases == "" {
				t.Errorf("%s takes %s, which the document does not have", described.name, param)
			}
		}
	}
	return judged, params
}

// CheckClerkOperations does the same for Clerk's, given as "GET /v1/users/{}",
// without parameters. It skips the test where there is no document.
func CheckClerkOperations(t testing.TB, operations []string) (judged int) {
	t.Helper()
	document, err := clerkDocument()
	if err != nil {
		t.Fatal(err)
	}
	if document == nil {
		t.Skip("LOCKSTEP_SHARED does not name the folder with specs/clerk-backend-api-2026-05-12.json")
	}
	for _, offered := range operations {
		method, path, _ := strings.Cut(offered, " ")
		if document.operation(method, strings.ReplaceAll(path, "{}", "x")) == nil {
			t.Errorf("%s is offered, and the document does not have it", offered)
			continue
		}
		judged++
	}
	return judged
}
