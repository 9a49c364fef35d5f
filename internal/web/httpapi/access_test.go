package httpapi_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestMain(m *testing.M) {
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.FileBodyDecoder)
	// The tests mostly wait for the workers, so more of them run at once than there are processors.
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// as decodes the body of an answer.
func as[T any](k *kit, a answer) (v T) {
	k.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		k.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return v
}

// verdict is the answer of /v1/check.
type verdict struct {
	Allowed    bool
	Reason     string
	Until      string
	AccessETag string `json:"access_etag"`
}

func (k *kit) check(account lockstep.Account, what, name string) verdict {
	k.Helper()
	a := k.call("POST", "/v1/check", apiKey, `{"account":"`+account.String()+`","`+what+`":"`+name+`"}`)
	if a.status != http.StatusOK {
		k.Fatalf("check: %d %s", a.status, a.body)
	}
	return as[verdict](k, a)
}

// access reads an account's access with an If-None-Match.
func (k *kit) access(account lockstep.Account, etag string) answer {
	k.Helper()
	return k.call("GET", "/v1/accounts/"+account.String()+"/access", apiKey, "", "If-None-Match: "+etag)
}

func TestAccessThatIsAsItWasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada, eve := k.signUp("ada@example.com"), k.signUp("eve@example.com")
	first := k.access(ada, "")
	etag := first.header.Get("ETag")
	if first.status != 200 || !strings.HasPrefix(etag, `"`) || first.header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("got %d, ETag %s, Cache-Control %s", first.status, etag, first.header.Get("Cache-Control"))
	}
	for _, match := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		again := k.access(ada, match)
		if again.status != http.StatusNotModified || again.body != "" || again.header.Get("ETag") != etag ||
			again.header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("If-None-Match: %s: %d %v %s", match, again.status, again.header, again.body)
		}
	}
	for _, match := range []string{`"x"`, strings.Trim(etag, `"`), ""} {
		if again := k.access(ada, match); again.status != 200 || again.body != first.body {
			t.Errorf("If-None-Match: %s: %d %s", match, again.status, again.body)
		}
	}
	// Eve has no access either, but hers is another account's.
	if others := k.access(eve, etag); others.status != 200 || others.header.Get("ETag") == etag {
		t.Errorf("the access of another account has the same tag: %d", others.status)
	}
	k.buy(ada, "pro")
	bought := k.access(ada, etag)
	if bought.status != 200 || !as[lockstep.Access](k, bought).Active || bought.header.Get("ETag") == etag {
		t.Errorf("after buying: %d %s", bought.status, bought.body)
	}
}

// TestABrowserMayAskAgain: a script of the app can read the tag and send it.
func TestABrowserMayAskAgain(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	path, token := "/v1/accounts/"+ada.String()+"/access", k.token(ada, "")
	first := k.call("GET", path, token, "", "Origin: https://app.test")
	if first.status != 200 || first.header.Get("Access-Control-Expose-Headers") != "ETag" {
		t.Errorf("%d, and exposed is %q", first.status, first.header.Get("Access-Control-Expose-Headers"))
	}
	again := k.call("GET", path, token, "", "Origin: https://app.test", "If-None-Match: "+first.header.Get("ETag"))
	if again.status != 304 || again.header.Get("Access-Control-Allow-Origin") != "https://app.test" {
		t.Errorf("again: %d %v", again.status, again.header)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, k.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://app.test")
	request.Header.Set("Access-Control-Request-Method", "GET")
	response, err := k.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if allowed := response.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "If-None-Match") {
		t.Errorf("allowed are %q", allowed)
	}
	if a := k.call("GET", "/v1/accounts/user/user_nobody/access", token, ""); a.status != 403 {
		t.Errorf("another's access: %d", a.status)
	}
}

// TestAccessIsTheAccounts: memory and database agree at each step of a subscription's life.
func TestAccessIsTheAccounts(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	same := func(step string) {
		t.Helper()
		whole := as[struct{ Access json.RawMessage }](k, k.call("GET", "/v1/accounts/"+ada.String(), apiKey, ""))
		if got := strings.TrimSpace(k.access(ada, "").body); got != string(whole.Access) {
			t.Errorf("%s: from memory %s\nfrom the database %s", step, got, whole.Access)
		}
	}
	same("signed up")
	k.buy(ada, "pro")
	same("bought")
	id := k.sim.Subscriptions()[0].ID
	if err := k.sim.CancelSubscription(id, true); err != nil {
		t.Fatal(err)
	}
	k.until("it is going to end", func() bool { return as[lockstep.Access](k, k.access(ada, "")).Ending })
	same("going to end")
	if err := k.sim.CancelSubscription(id, false); err != nil {
		t.Fatal(err)
	}
	k.until("it has ended", func() bool { return !as[lockstep.Access](k, k.access(ada, "")).Active })
	same("ended")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	expect := func(what, name string, allowed bool, reason string) verdict {
		t.Helper()
		v := k.check(ada, what, name)
		if v.Allowed != allowed || !strings.Contains(v.Reason, reason) {
			t.Errorf("%s %s: %+v, want %v because of %q", what, name, v, allowed, reason)
		}
		if tag := k.access(ada, "").header.Get("ETag"); v.AccessETag != tag {
			t.Errorf("%s %s: the tag is %s, want %s", what, name, v.AccessETag, tag)
		}
		return v
	}
	expect("feature", "notes", false, "nothing was bought")

	k.buy(ada, "basic")
	if v := expect("feature", "notes", true, "(basic): paid"); v.Until == "" {
		t.Error("a subscription's period has no end")
	}
	expect("feature", "archive", false, "nothing that the account bought")
	expect("plan", "basic", true, "(basic): paid")
	expect("plan", "pro", false, "nothing that the account bought")

	// A license of a higher rank beside the subscription: each gives its own features.
	k.buy(ada, "life")
	if v := expect("feature", "archive", true, "license cs_"); v.Until != "" {
		t.Errorf("a license ends at %s", v.Until)
	}
	expect("plan", "basic", true, "subscription sub_")
	expect("plan", "life", true, "license cs_")

	unknown := k.check(lockstep.Account{Kind: lockstep.User, ID: "user_nobody"}, "feature", "notes")
	if unknown.Allowed || unknown.Reason != "unknown account" || unknown.AccessETag != "" {
		t.Errorf("of an unknown account: %+v", unknown)
	}
	for _, body := range []string{`{"account":"team/x","feature":"a"}`, `{"account":"user","feature":"a"}`,
		`{"account":"user/x"}`,
		`{"account":"user/x","feature":"a","plan":"b"}`, `{"account":"user/x","feature":""}`, `{"feature":"a"}`,
		`{"account":"user/x","feature":"a","x":1}`} {
		if a := k.call("POST", "/v1/check", apiKey, body); a.status != 422 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

// TestADeletedAccountIsNeverAllowed, even before its billing at Stripe has ended.
func TestADeletedAccountIsNeverAllowed(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	k.buy(ada, "life") // a license that does not end
	if !k.check(ada, "feature", "archive").Allowed {
		t.Fatal("what was bought is not allowed")
	}
	if err := k.sim.DeleteUser(ada.ID); err != nil {
		t.Fatal(err)
	}
	k.until("the deletion is known", func() bool {
		record, err := k.store.Account(t.Context(), ada)
		return err == nil && record.State == lockstep.AccountDeleted
	})
	if v := k.check(ada, "feature", "archive"); v.Allowed || v.Reason != "the account is deleted" {
		t.Errorf("got %+v", v)
	}
	if a := as[lockstep.Access](k, k.access(ada, "")); a.Active || len(a.Features) > 0 {
		t.Errorf("got %+v", a)
	}
}

// TestWhatOneProcessWritesTheOtherAnswers: the second process does no background work, and has the old record
// in memory.
func TestWhatOneProcessWritesTheOtherAnswers(t *testing.T) {
	t.Parallel()
	k := start(t)
	other := httptest.NewServer(k.another().Handler())
	t.Cleanup(other.Close)
	first := k.url
	ada := k.signUp("ada@example.com")
	k.url = other.URL
	if k.check(ada, "feature", "export").Allowed {
		t.Fatal("nothing was bought")
	}
	k.url = first
	k.buy(ada, "pro")
	k.url = other.URL
	k.until("the other process allows it", func() bool { return k.check(ada, "feature", "export").Allowed })
	k.url = first
	if !k.check(ada, "feature", "export").Allowed {
		t.Error("the process that wrote does not allow it")
	}
}

// TestFeaturesOfStripesEntitlements: all of them, even if they are more than a page or an event contains. They end
// with the access, and an outage removes none.
func TestFeaturesOfStripesEntitlements(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Access.Entitlements = true })
	product := ""
	for _, p := range k.sim.Prices() {
		if p.ID == k.prices["pro"] {
			product = p.Product
		}
	}
	for n := range 105 {
		feature := k.stripe("/v1/entitlements/features", fmt.Sprintf("name=F%d&lookup_key=f%03d", n, n))
		k.stripe("/v1/products/"+product+"/features", "entitlement_feature="+feature)
	}
	ada := k.signUp("ada@example.com")
	k.buy(ada, "pro")
	k.until("all features are there", func() bool {
		access := as[lockstep.Access](k, k.access(ada, ""))
		return len(access.Entitlements) == 105 && len(access.Features) == 107 // notes and export are the catalog's
	})
	if v := k.check(ada, "feature", "f104"); !v.Allowed {
		t.Errorf("the last feature: %+v", v)
	}
	k.sim.AddFault(simulator.Fault{Side: "stripe", Method: "GET", Path: "/v1/entitlements/*", Times: 1000, Status: 503})
	if a := k.call("POST", "/v1/accounts/"+ada.String()+"/sync", apiKey, ""); a.status != 202 {
		t.Fatal(a.body)
	}
	k.until("a request to Stripe failed", func() bool {
		work, err := k.store.Work(t.Context(), ada.Key())
		return err == nil && work.Disposition == lockstep.Retry
	})
	if v := k.check(ada, "feature", "f104"); !v.Allowed {
		t.Errorf("during an outage: %+v", v)
	}
	k.sim.ClearFaults()
	if err := k.sim.CancelSubscription(k.sim.Subscriptions()[0].ID, false); err != nil {
		t.Fatal(err)
	}
	k.until("nothing is left", func() bool {
		access := as[lockstep.Access](k, k.access(ada, ""))
		return !access.Active && len(access.Features) == 0 && len(access.Entitlements) == 0
	})
}

// TestEntitlementsEndWithTheirCustomer: a license that continues does not keep the entitlements of a deleted
// customer.
func TestEntitlementsEndWithTheirCustomer(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Access.Entitlements = true })
	for _, p := range k.sim.Prices() {
		if p.ID == k.prices["pro"] {
			k.stripe("/v1/products/"+p.Product+"/features", "entitlement_feature="+k.stripe("/v1/entitlements/features",
				"name=Audit&lookup_key=audit"))
		}
	}
	ada := k.signUp("ada@example.com")
	k.buy(ada, "pro")
	k.buy(ada, "life")
	k.until("all features are there", func() bool {
		return slices.Equal(as[lockstep.Access](k, k.access(ada, "")).Features,
			[]string{"archive", "audit", "export", "notes"})
	})
	k.sim.SetDelivery(simulator.DeliveryPolicy{Drop: 1}) // so that one sync sees everything
	if err := k.sim.DeleteCustomer(k.sim.CheckoutSessions()[0].Customer); err != nil {
		t.Fatal(err)
	}
	if a := k.call("POST", "/v1/accounts/"+ada.String()+"/sync", apiKey, ""); a.status != 202 {
		t.Fatal(a.body)
	}
	k.until("the features of the license are left", func() bool {
		access := as[lockstep.Access](k, k.access(ada, ""))
		return access.Plan == "life" && slices.Equal(access.Features, []string{"archive", "notes"})
	})
}
