package openapicheck

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator/stripesim"
)

// CheckStripeOperations reports every operation, and every top-level parameter, that the simulator accepts but
// Stripe's document does not have. It returns how many of each it checked. [Check] checks nested parameters when they
// are sent.
func CheckStripeOperations(t testing.TB, operations []stripesim.Operation) (checked, params int) {
	t.Helper()
	document, err := stripeDocument()
	if err != nil {
		t.Fatal(err)
	}
	for _, offered := range operations {
		// Any value fits a variable, and a literal path wins.
		path := strings.ReplaceAll(offered.Path, "{}", "x")
		described := document.operation(offered.Method, path)
		if described == nil {
			if !undocumented(offered.Method, path) {
				t.Errorf("the simulator has %s %s, but the document does not", offered.Method, offered.Path)
			}
			continue
		}
		checked++
		known := described.parameters().Properties
		for _, param := range offered.Params {
			params++
			if known[param] == nil && otherReleases[described.name+" "+param].releases == "" {
				t.Errorf("%s accepts %s, which the document does not have", described.name, param)
			}
		}
	}
	return checked, params
}

// CheckClerkOperations reports every operation, as "GET /v1/users/{}", that Clerk's document does not have. It
// returns how many it checked, and skips the test without the document.
func CheckClerkOperations(t testing.TB, operations []string) (checked int) {
	t.Helper()
	document, err := clerkDocument()
	if err != nil {
		t.Fatal(err)
	}
	if document == nil {
		t.Skip("LOCKSTEP_SHARED is not set; it names the folder that holds specs/clerk-backend-api-2026-05-12.json")
	}
	for _, offered := range operations {
		method, path, _ := strings.Cut(offered, " ")
		if document.operation(method, strings.ReplaceAll(path, "{}", "x")) == nil {
			t.Errorf("the simulator has %s, but the document does not", offered)
			continue
		}
		checked++
	}
	return checked
}
