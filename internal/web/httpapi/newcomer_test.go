package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// newcomer signs a user up, and drops the event.
func (k *kit) newcomer(email string) lockstep.Account {
	k.Helper()
	k.sim.SetDelivery(simulator.DeliveryPolicy{Hold: true})
	user, err := k.sim.SignUp(simulator.SignUp{Email: email})
	if err != nil {
		k.Fatal(err)
	}
	return lockstep.Account{Kind: lockstep.User, ID: user.ID}
}

func (k *kit) mayExport(account lockstep.Account) answer {
	k.Helper()
	return k.call(http.MethodPost, "/v1/check", apiKey, `{"account":"`+account.String()+`","feature":"export"}`)
}

// lookups returns how many requests about an id Clerk got.
func (k *kit) lookups(id string) (n int) {
	for _, e := range k.sim.History() {
		if e.Side == "clerk" && e.Method == http.MethodGet && strings.Contains(e.Path, "/"+id) {
			n++
		}
	}
	return n
}

// TestWhoHasJustSignedUpHasNoAccessButAnAnswer asks in every way, as a server and as a browser, before the event of
// the sign-up arrives.
func TestWhoHasJustSignedUpHasNoAccessButAnAnswer(t *testing.T) {
	t.Parallel()
	k := start(t)
	asServer, asBrowser, checked, atPortal := k.newcomer("ada@example.com"), k.newcomer("bea@example.com"),
		k.newcomer("cleo@example.com"), k.newcomer("dora@example.com")
	if a := k.call(http.MethodGet, "/v1/accounts/"+asServer.String(), apiKey, ""); a.status != http.StatusOK ||
		!strings.Contains(a.body, `"active":false`) || !strings.Contains(a.body, `"state":"active"`) ||
		strings.Contains(a.body, "0001-01-01") {
		t.Errorf("a server is answered %d %s", a.status, a.body)
	}
	own := k.token(asBrowser, "")
	if a := k.call(http.MethodGet, "/v1/accounts/"+asBrowser.String()+"/access", own, ""); a.status != http.StatusOK ||
		!strings.Contains(a.body, `"active":false`) {
		t.Errorf("a browser is answered %d %s", a.status, a.body)
	}
	if a := k.call(http.MethodGet, "/v1/accounts/"+asServer.String(), own, ""); a.status != http.StatusForbidden {
		t.Errorf("a browser that asks about someone else is answered %d %s", a.status, a.body)
	}
	if a := k.mayExport(checked); a.status != http.StatusOK || !strings.Contains(a.body, `"allowed":false`) ||
		!strings.Contains(a.body, "nothing was bought") {
		t.Errorf("a check is answered %d %s", a.status, a.body)
	}
	if a := k.call(http.MethodPost, "/v1/portal", k.token(atPortal, ""),
		`{"return_url":"https://app.test/"}`); a.status != http.StatusConflict && a.status != http.StatusOK {
		t.Errorf("the portal is answered %d %s", a.status, a.body)
	}
	// The request makes the workers sync the user, although no event arrived.
	for _, account := range []lockstep.Account{asServer, asBrowser, checked, atPortal} {
		k.until(account.String()+" has a customer", func() bool {
			record, err := k.store.Account(t.Context(), account)
			return err == nil && record.Live()
		})
	}
}

// TestANewOrganizationIsLookedUpToo: for servers, and for a session of a member.
func TestANewOrganizationIsLookedUpToo(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.newcomer("ada@example.com")
	org, err := k.sim.CreateOrganization("Engines", ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{k.token(ada, org.ID), apiKey} {
		if a := k.call(http.MethodGet, "/v1/accounts/organization/"+org.ID, key, ""); a.status != http.StatusOK ||
			!strings.Contains(a.body, `"active":false`) {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
}

// TestOnlyClerkSaysThatAnAccountDoesNotExist: many requests about the same made-up id cost one lookup, and leave
// nothing in the database.
func TestOnlyClerkSaysThatAnAccountDoesNotExist(t *testing.T) {
	t.Parallel()
	k := start(t)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if a := k.call(http.MethodGet, "/v1/accounts/user/user_nobody", apiKey, ""); a.status != http.StatusNotFound ||
				!strings.Contains(a.body, "not found in Clerk") {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
	group.Wait()
	if n := k.lookups("user_nobody"); n != 1 {
		t.Errorf("50 requests at once took %d lookups", n)
	}
	// Not a Clerk id; Clerk would take it for an organization's slug.
	if a := k.call(http.MethodGet, "/v1/accounts/organization/nike", apiKey, ""); a.status != http.StatusNotFound ||
		k.lookups("nike") != 0 {
		t.Errorf("a slug is answered %d %s, after %d lookups", a.status, a.body, k.lookups("nike"))
	}
	for _, named := range []string{"organization/nike", "organization/user_1", "user/ada@example.com"} {
		a := k.call(http.MethodPost, "/v1/checkout", apiKey,
			`{"account":"`+named+`","lookup_key":"pro","success_url":"https://app.test/"}`)
		if a.status != http.StatusNotFound || !strings.Contains(a.body,
			"account "+named+" not found: Clerk's ids of this kind start with ") {
			t.Errorf("a checkout for %s is answered %d %s", named, a.status, a.body)
		}
		account, err := lockstep.ParseAccount(named)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.store.Work(t.Context(), account.Key()); err == nil {
			t.Errorf("%s has a row in the queue", named)
		}
	}
	if a := k.mayExport(lockstep.Account{Kind: lockstep.User, ID: "user_nobody"}); a.status != http.StatusOK ||
		!strings.Contains(a.body, `"reason":"unknown account"`) {
		t.Errorf("a check is answered %d %s", a.status, a.body)
	}
	if _, err := k.store.Work(t.Context(), lockstep.Key{Kind: lockstep.KeyUser, ID: "user_nobody"}); err == nil {
		t.Error("a made-up id has a row in the queue")
	}
}

// TestWhenClerkCannotBeAskedTheAnswerIsNotNo: the answer is 503 with Retry-After.
func TestWhenClerkCannotBeAskedTheAnswerIsNotNo(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"an outage": http.StatusServiceUnavailable,
		"a wrong key": http.StatusUnauthorized, "too many requests": http.StatusTooManyRequests} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			k.sim.AddFault(simulator.Fault{Side: "clerk", Method: http.MethodGet, Path: "/v1/users/*", Times: 1000,
				Status: status})
			defer k.sim.ClearFaults()
			account := k.newcomer("ada@example.com")
			for _, path := range []string{"", "/access"} {
				a := k.call(http.MethodGet, "/v1/accounts/"+account.String()+path, apiKey, "")
				if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" ||
					strings.Contains(a.body, "example.com") {
					t.Errorf("%q is answered %d %s", path, a.status, a.body)
				}
			}
			if a := k.mayExport(account); a.status != http.StatusOK || !strings.Contains(a.body, `"allowed":false`) ||
				!strings.Contains(a.body, "did not answer") {
				t.Errorf("a check is answered %d %s", a.status, a.body)
			}
		})
	}
}
