package httpapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// TestAccessInProcessAnswersAsTheAPI asks both about accounts that are new to us, unknown or invalid.
func TestAccessInProcessAnswersAsTheAPI(t *testing.T) {
	t.Parallel()
	k := start(t)
	bought := k.signUp("ada@example.com")
	k.buy(bought, "pro")
	embedded := k.another()
	unsaid := cmpopts.IgnoreFields(lockstep.Reason{}, "Rule", "GraceUntil") // which no answer contains
	same := func(account lockstep.Account, status int, want error) {
		t.Helper()
		access, err := embedded.Access(t.Context(), account)
		answered := k.call(http.MethodGet, "/v1/accounts/"+account.String()+"/access", apiKey, "")
		if answered.status != status || !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v; over HTTP: %d %s, want %d", account, err, want, answered.status, answered.body, status)
		}
		if err == nil && !cmp.Equal(access.Reasons, as[lockstep.Access](k, answered).Reasons, unsaid) {
			t.Errorf("%s: %+v; over HTTP: %s", account, access, answered.body)
		}
	}
	newcomer := k.newcomer("eve@example.com")
	same(bought, http.StatusOK, nil)
	same(newcomer, http.StatusOK, nil)
	same(lockstep.Account{Kind: lockstep.User, ID: "user_nobody"}, http.StatusNotFound, lockstep.ErrNotFound)
	same(lockstep.Account{Kind: lockstep.Organization, ID: newcomer.ID}, http.StatusNotFound, lockstep.ErrNotFound)
	same(lockstep.Account{Kind: lockstep.User, ID: "ada"}, http.StatusNotFound, lockstep.ErrNotFound) // not Clerk's
	same(lockstep.Account{Kind: "team", ID: "x"}, http.StatusUnprocessableEntity, lockstep.ErrInvalid)
	same(lockstep.Account{Kind: lockstep.User, ID: "a b"}, http.StatusUnprocessableEntity, lockstep.ErrInvalid)

	// While Clerk is down, nobody knows whether the account exists.
	k.sim.AddFault(simulator.Fault{Side: "clerk", Method: "GET", Path: "/v1/users/*", Times: 1000, Status: 503})
	late := lockstep.Account{Kind: lockstep.User, ID: "user_late"}
	if _, err := embedded.Access(t.Context(), late); err == nil || errors.Is(err, lockstep.ErrNotFound) ||
		errors.Is(err, lockstep.ErrInvalid) {
		t.Errorf("while Clerk is down: %v", err)
	}
	same(bought, http.StatusOK, nil)
}
