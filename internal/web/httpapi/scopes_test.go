package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// requests has a request for each operation that accepts API keys: its path and body. A new operation needs a line.
var requests = map[string]struct{ path, body string }{
	"start-checkout":          {"/v1/checkout", `{"account":"user/none","lookup_key":"pro","success_url":"https://app.test/"}`},
	"start-portal":            {"/v1/portal", `{"account":"user/none","return_url":"https://app.test/"}`},
	"get-account":             {"/v1/accounts/user/none", ""},
	"put-account":             {"/v1/accounts/user/none", `{}`},
	"delete-account":          {"/v1/accounts/user/none", ""},
	"read-access":             {"/v1/accounts/user/none/access", ""},
	"check":                   {"/v1/check", `{"account":"user/none","feature":"export"}`},
	"sync-account":            {"/v1/accounts/user/none/sync", ""},
	"forget-account":          {"/v1/accounts/user/none/forget", ""},
	"run-doctor":              {"/v1/doctor", ""},
	"list-events":             {"/v1/events", ""},
	"get-event":               {"/v1/events/evt_none", ""},
	"reveal-event":            {"/v1/events/stripe/evt_none/reveal", ""},
	"replay-events":           {"/v1/events/replay", `{"events":["evt_none"]}`},
	"list-work":               {"/v1/work", ""},
	"retry-work":              {"/v1/work/retry", `{"keys":["customer/cus_none"]}`},
	"drop-work":               {"/v1/work/drop", `{"key":"customer/cus_none"}`},
	"list-problems":           {"/v1/problems", ""},
	"list-notices":            {"/v1/notices", ""},
	"get-notice":              {"/v1/notices/none", ""},
	"send-notice":             {"/v1/notices/none/send", ""},
	"list-webhooks":           {"/v1/webhooks", ""},
	"list-deliveries":         {"/v1/webhooks/none/deliveries", ""},
	"redeliver":               {"/v1/webhooks/none/redeliver", `{"account":"user/none"}`},
	"enable-webhook":          {"/v1/webhooks/none/enable", ""},
	"link":                    {"/v1/links", `{"object":"cus_none","account":"user/none"}`},
	"unlink":                  {"/v1/links/cus_none", ""},
	"choose-primary-customer": {"/v1/accounts/user/none/primary-customer", `{"customer":"cus_none"}`},
	"list-deletions":          {"/v1/deletions", ""},
	"approve-deletions":       {"/v1/deletions/approve", `{"accounts":["user/none"]}`},
	"discard-deletions":       {"/v1/deletions/discard", `{"all":true}`},
	"get-instance":            {"/v1/instance", ""},
	"accept-instance":         {"/v1/instance/accept", `{"id":"ins_none"}`},
	"get-backfill":            {"/v1/backfill", ""},
	"start-backfill":          {"/v1/backfill", ""},
	"explain-account":         {"/v1/accounts/user/u_1/explanation", ""},
	"explain":                 {"/v1/explanation?of=user/u_1", ""},
	"list-account-runs":       {"/v1/accounts/user/u_1/runs", ""},
	"list-runs":               {"/v1/runs?key=user/u_1", ""},
	"list-keys":               {"/v1/keys", ""},
	"create-key":              {"/v1/keys", `{"name":"made","scopes":["operate"]}`},
	"revoke-key":              {"/v1/keys/none", ""},
	"create-console-link":     {"/v1/console/links", `{"name":"anna"}`},
	"get-catalog":             {"/v1/catalog", ""},
	"match-catalog":           {"/v1/catalog/match?price=price_1", ""},
	"get-statistics":          {"/v1/statistics", ""},
	"list-settings":           {"/v1/settings", ""},
	"list-audit":              {"/v1/audit", ""},
	"list-accounts":           {"/v1/accounts", ""},
	"get-overview":            {"/v1/overview", ""},
	"verify":                  {"/v1/verify", `{"accounts":["user/none"]}`},
	"fix-drift":               {"/v1/verify/fix", `{"keys":["user/none"]}`},
	"list-open-keys":          {"/v1/verify/open", `{"keys":["user/none"]}`},
}

// openToAll lists the operations without credentials. Everything else needs a scope.
var openToAll = []string{"get-activation", "follow-activation", "health", "live"}

// operation is an operation of the document that accepts API keys, with the scope that it names.
type operation struct {
	id, method, path, body string
	scope                  lockstep.APIScope
}

// operations walks over the document. A new operation without a scope, or without a request, fails the test.
func (k *kit) operations() (all []operation) {
	k.Helper()
	for path, item := range k.document.Paths.Map() {
		for method, o := range item.Operations() {
			if slices.Contains(openToAll, o.OperationID) {
				continue
			}
			var scopes []string
			if o.Security != nil {
				for _, credentials := range *o.Security {
					scopes = append(scopes, credentials["apiKey"]...)
				}
			}
			scope, err := lockstep.ParseAPIScopes(scopes...)
			request, listed := requests[o.OperationID]
			if err != nil || len(scopes) != 1 || !listed {
				k.Errorf("%s %s (%s) needs one scope and has %q (%v), and a line in requests: %v", method, path, o.OperationID,
					scopes, err, listed)
				continue
			}
			all = append(all, operation{o.OperationID, method, request.path, request.body, scope})
		}
	}
	if len(all) != len(requests) {
		k.Errorf("%d operations in the document, %d in requests", len(all), len(requests))
	}
	return all
}

// create makes a key with scopes, and returns its secret.
func (k *kit) create(name string, scopes ...string) string {
	k.Helper()
	body, err := json.Marshal(map[string]any{"name": name, "scopes": scopes})
	if err != nil {
		k.Fatal(err)
	}
	a := k.call(http.MethodPost, "/v1/keys", apiKey, string(body))
	if a.status != http.StatusCreated {
		k.Fatalf("create key: %d %s", a.status, a.body)
	}
	return as[struct{ Key string }](k, a).Key
}

// TestAKeyOfEachScopeAgainstEveryEndpoint tries a key of each scope, and of all scopes but one, against every
// operation of the document and /metrics.
func TestAKeyOfEachScopeAgainstEveryEndpoint(t *testing.T) {
	t.Parallel()
	k := start(t)
	operations := k.operations()
	metrics := operation{"metrics", "GET", "/metrics", "", lockstep.APIMetrics}
	for _, name := range lockstep.AllAPIScopes.Names() {
		only, err := lockstep.ParseAPIScopes(name)
		if err != nil {
			t.Fatal(err)
		}
		others := lockstep.AllAPIScopes &^ only
		for secret, scopes := range map[string]lockstep.APIScope{k.create("only-"+name, name): only,
			k.create("all-but-"+name, others.Names()...): others} {
			for _, o := range operations {
				k.allowed(o, k.call(o.method, o.path, secret, o.body), scopes)
			}
			k.allowed(metrics, k.scrape(secret), scopes)
		}
	}
	for _, o := range operations {
		k.allowed(o, k.call(o.method, o.path, apiKey, o.body), lockstep.AllAPIScopes)
	}
	k.allowed(metrics, k.scrape(apiKey), lockstep.AllAPIScopes)
}

// allowed checks that an operation is refused for the lack of a scope if and only if the key lacks it.
func (k *kit) allowed(o operation, a answer, scopes lockstep.APIScope) {
	k.Helper()
	refused := a.status == http.StatusForbidden && strings.Contains(a.body, "lacks the scope "+o.scope.String()) &&
		strings.Contains(a.body, "lockstep keys create NAME --scope "+o.scope.String())
	if refused && o.id != "metrics" && !strings.Contains(a.body, "urn:lockstep:missing-scope") {
		k.Errorf("%s: no type: %s", o.id, a.body)
	}
	if refused == scopes.Has(o.scope) || a.status == http.StatusUnauthorized || a.status >= 500 {
		k.Errorf("%s %s with the scopes %s: %d %s", o.method, o.path, scopes, a.status, a.body)
	}
}

// scrape requests /metrics, which the document does not have.
func (k *kit) scrape(secret string) answer {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodGet, k.url+"/metrics", http.NoBody)
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := k.client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		k.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// TestTheDirectWayNeedsAScopeToo: of an account in memory, which the way without the framework answers.
func TestTheDirectWayNeedsAScopeToo(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	k.buy(ada, "pro")
	checks, reads := k.create("checks", "check"), k.create("reads", "read", "checkout", "operate", "metrics")
	handler := k.another().Handler()
	for range 3 { // the first request of each loads account and key
		for secret, status := range map[string]int{checks: 200, reads: 403} {
			key := "Authorization: Bearer " + secret
			for what, a := range map[string]*reply{
				"access": ask(t, handler, "GET", "/v1/accounts/"+ada.String()+"/access", "", key),
				"check": ask(t, handler, "POST", "/v1/check", `{"account":"`+ada.String()+`","feature":"export"}`, key,
					"Content-Type: application/json"),
			} {
				if a.Code != status {
					t.Errorf("%s: %d, want %d: %s", what, a.Code, status, a.Body)
				}
			}
		}
	}
}

func TestAKeyCannotGiveAwayWhatItLacks(t *testing.T) {
	t.Parallel()
	k := start(t)
	operator := k.create("operator", "operate", "read")
	for name, scopes := range map[string]string{"201-1": `"operate"`, "201-2": `"read","operate"`, "403-1": `"check"`,
		"403-2": `"operate","metrics"`} {
		a := k.call("POST", "/v1/keys", operator, `{"name":"`+name+`","scopes":[`+scopes+`]}`)
		if !strings.HasPrefix(name, strconv.Itoa(a.status)) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestARevokedKeyIsRefusedAtOnceAndByReplicas(t *testing.T) {
	t.Parallel()
	k := start(t)
	secret := k.create("web", "check")
	handler := k.another().Handler() // of another replica
	check := func() int {
		return ask(t, handler, "POST", "/v1/check", `{"account":"user/none","feature":"export"}`,
			"Authorization: Bearer "+secret, "Content-Type: application/json").Code
	}
	if status := check(); status != 200 {
		t.Fatalf("before: %d", status)
	}
	if a := k.call("DELETE", "/v1/keys/web", apiKey, ""); a.status != 200 {
		t.Fatalf("revoke: %d %s", a.status, a.body)
	}
	a := k.call("POST", "/v1/check", secret, `{"account":"user/none","feature":"export"}`)
	if a.status != 401 || !strings.Contains(a.body, "was revoked") {
		t.Errorf("here: %d %s", a.status, a.body)
	}
	k.until("the other replica refuses it", func() bool { return check() == 401 })
}

// TestSecretsAreNotStored: the database has the hash of a key and not the key, and lists show neither.
func TestSecretsAreNotStored(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.HTTP.APIKey = apiKey + ",another-key-0123456789-0123456789-01" })
	secret := k.create("web", "check")
	list := k.call("GET", "/v1/keys", apiKey, "")
	log := k.call("GET", "/v1/audit", apiKey, "")
	hash := lockstep.HashAPIKey(secret).String()
	for _, text := range []string{list.body, log.body} {
		if strings.Contains(text, secret) || strings.Contains(text, hash) || !strings.Contains(text, "web") {
			t.Error(text)
		}
	}
	var names []string
	for _, key := range as[struct{ Data []struct{ Name string } }](k, list).Data {
		names = append(names, key.Name)
	}
	if !slices.Equal(names, []string{"environment", "environment-2", "web"}) {
		t.Errorf("listed are %q", names)
	}
	stored, err := k.store.ValidAPIKeys(t.Context())
	if err != nil || len(stored) != 1 || stored[0].Hash.String() != hash {
		t.Errorf("stored: %+v, %v", stored, err)
	}
}
