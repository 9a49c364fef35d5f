package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator"
)

// TestATokenCannotBeVerifiedWithoutKeys: while Clerk's signing keys cannot be fetched, a session token gets 503 with
// Retry-After, is not counted as a guess, and works again once the keys are there. A malformed token stays a 401.
func TestATokenCannotBeVerifiedWithoutKeys(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	token := k.token(ada, "")
	k.sim.AddFault(simulator.Fault{Side: "clerk", Path: "/v1/jwks", Status: http.StatusServiceUnavailable, Times: 1 << 20})
	k.sim.AddFault(simulator.Fault{Side: "clerk", Path: "/.well-known/jwks.json", Status: http.StatusServiceUnavailable,
		Times: 1 << 20})
	for range 40 { // more than the guesses that a client may make
		a := k.call("GET", "/v1/accounts/"+ada.String()+"/access", token, "")
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" ||
			!strings.Contains(a.body, "signing keys are unavailable") {
			t.Fatalf("without the keys: %d %v %s", a.status, a.header, a.body)
		}
	}
	if a := k.call("GET", "/v1/accounts/"+ada.String()+"/access", "guess", ""); a.status != http.StatusUnauthorized {
		t.Errorf("a malformed token: %d, want 401", a.status)
	}
	k.sim.ClearFaults()
	k.until("the token is verified", func() bool {
		return k.call("GET", "/v1/accounts/"+ada.String()+"/access", token, "").status == http.StatusOK
	})
}
