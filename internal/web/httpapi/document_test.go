package httpapi_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// TestRefusalsAreAsDocumented calls every operation of the document: without credentials, with a wrong key, and as
// a server with ids that do not exist. Each answer must match the document.
func TestRefusalsAreAsDocumented(t *testing.T) {
	t.Parallel()
	k := start(t)
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	asked := 0
	for path, item := range k.document.Paths.Map() {
		for method, operation := range item.Operations() {
			body := ""
			if operation.RequestBody != nil {
				body = `{}`
			}
			for _, kind := range []string{"user", "nobody"} {
				// Of two parameters, the first is the kind.
				filled := path
				if len(parameter.FindAllString(path, -1)) > 1 {
					filled = replaceFirst(parameter, path, kind)
				}
				filled = parameter.ReplaceAllString(filled, "none")
				asked++
				if operation.Security != nil && len(*operation.Security) > 0 {
					for _, key := range []string{"", "wrong"} {
						if a := k.call(method, filled, key, body); a.status != http.StatusUnauthorized &&
							a.status != http.StatusTooManyRequests {
							k.Errorf("%s %s with the key %q: %d", method, path, key, a.status)
						}
					}
				}
				if a := k.call(method, filled, apiKey, body); a.status >= 500 {
					k.Errorf("%s %s: %d %s", method, path, a.status, a.body)
				}
			}
		}
	}
	if asked < 10 {
		k.Errorf("only %d requests were made", asked)
	}

}

func replaceFirst(pattern *regexp.Regexp, text, with string) string {
	at := pattern.FindStringIndex(text)
	return text[:at[0]] + with + text[at[1]:]
}

// question is a request with the expected status.
type question struct {
	method, path, key, body string
	status                  int
}

func (k *kit) ask(questions []question) {
	k.Helper()
	for _, q := range questions {
		if a := k.call(q.method, q.path, q.key, q.body); a.status != q.status {
			k.Errorf("%s %s: %d, want %d: %s", q.method, q.path, a.status, q.status, a.body)
		}
	}
}

// TestAnswersAreAsDocumented calls every operation with success at least once, so a new operation needs a line
// here.
func TestAnswersAreAsDocumented(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) {
		c.Webhooks = []server.Webhook{{ID: "app", URL: "https://127.0.0.1:1/",
			Secrets: []lockstep.Secret{"whsec_a2l0LXdlYmhvb2stc2VjcmV0LW9mLXRoZS1raXQ="}}}
	})
	ada := k.signUp("ada@example.com")
	k.buy(ada, "pro")
	adas := k.token(ada, "")
	own := "/v1/accounts/" + ada.String()
	var notice string
	k.until("the notice of the payment exists", func() bool {
		notices, err := k.store.Notices(t.Context(), ada)
		if err != nil || len(notices) == 0 {
			return false
		}
		notice = notices[0].ID
		return true
	})
	session := k.sim.CheckoutSessions()[0].ID
	record, err := k.store.Account(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	customer := record.CustomerID
	event, parked := k.event(record.Account.Key()), k.park("cus_stranger", "invoice.paid").String()
	bob := k.signUp("bob@example.com")
	if err := k.sim.DeleteUser(bob.ID); err != nil {
		t.Fatal(err)
	}
	k.until("bob is deleted", func() bool {
		record, err := k.store.Account(t.Context(), bob)
		return err == nil && record.State == lockstep.AccountDeleted
	})
	k.ask([]question{
		{"GET", "/healthz", "", "", 200},
		{"GET", "/livez", "", "", 200},
		{"GET", "/v1/doctor", apiKey, "", 200},
		{"GET", "/v1/statistics", apiKey, "", 200},
		{"GET", "/v1/statistics?span=30d", apiKey, "", 200},
		{"GET", "/v1/statistics?span=1y", apiKey, "", 422},
		{"GET", "/v1/statistics", adas, "", 403},
		{"GET", own, apiKey, "", 200},
		{"GET", "/v1/accounts?q=ADA@", apiKey, "", 200},
		{"GET", "/v1/accounts?q=team/1", apiKey, "", 422},
		{"GET", "/v1/accounts?after=none", apiKey, "", 422},
		{"GET", "/v1/overview", apiKey, "", 200},
		{"GET", "/v1/overview", adas, "", 403},
		{"GET", own, adas, "", 200},
		{"GET", "/v1/accounts/user/user_nobody", apiKey, "", 404},
		{"GET", own + "/access", apiKey, "", 200},
		{"GET", own + "/access", adas, "", 200},
		{"GET", "/v1/accounts/user/user_nobody/access", adas, "", 403},
		{"GET", "/v1/accounts/user/user_nobody/access", apiKey, "", 404},
		{"POST", "/v1/check", apiKey, `{"account":"` + ada.String() + `","feature":"export"}`, 200},
		{"POST", "/v1/check", apiKey, `{"account":"user/user_nobody","feature":"export"}`, 200},
		{"POST", "/v1/check", adas, `{"account":"` + ada.String() + `","feature":"export"}`, 403},
		{"POST", own + "/sync", apiKey, "", 202},
		{"POST", own + "/forget", apiKey, "", 409},
		{"POST", "/v1/accounts/" + bob.String() + "/forget", apiKey, "", 200},
		{"POST", "/v1/accounts/user/user_nobody/forget", apiKey, "", 404},
		{"POST", own + "/forget", adas, "", 403},
		{"POST", "/v1/checkout", apiKey, `{"account":"` + ada.String() +
			`","lookup_key":"life","success_url":"https://app.test/"}`, 200},
		{"POST", "/v1/checkout", apiKey, `{"account":"` + ada.String() +
			`","lookup_key":"none","success_url":"https://app.test/"}`, 403},
		{"POST", "/v1/checkout", apiKey, `{"account":"` + ada.String() +
			`","lookup_key":"pro","success_url":"https://app.test/"}`, 409},
		{"POST", "/v1/portal", adas, `{"return_url":"https://app.test/","flow":"cancel"}`, 200},
		{"POST", "/v1/portal", adas, `{"return_url":"https://app.test/","flow":"cancel","subscription_id":"sub_none"}`, 404},
		{"POST", "/v1/portal", adas, `{"return_url":"https://app.test/"}`, 200},
		{"GET", "/v1/events?body=true", apiKey, "", 200},
		{"GET", "/v1/events?status=none", apiKey, "", 422},
		{"GET", "/v1/events?account=user/user_nobody&type=invoice.paid&since=2026-01-02T15:04:05Z&until=2026-01-02T15:04:05Z", apiKey, "", 200},
		{"GET", "/v1/events?account=user/user_nobody&key=customer/cus_x", apiKey, "", 422},
		{"GET", "/v1/events?account=nobody", apiKey, "", 422},
		{"GET", "/v1/events?key=nobody", apiKey, "", 422},
		{"GET", "/v1/events?before=nothing", apiKey, "", 422},
		{"GET", "/v1/events?status=dropped", apiKey, "", 200},
		{"GET", "/v1/events/" + event, apiKey, "", 200},
		{"GET", "/v1/events/" + event + "?body=true&source=stripe", apiKey, "", 200},
		{"GET", "/v1/events?body=masked&limit=1", apiKey, "", 200},
		{"GET", "/v1/events/" + event + "?body=masked", apiKey, "", 200},
		{"GET", "/v1/events/" + event + "?body=some", apiKey, "", 422},
		{"POST", "/v1/events/stripe/" + event + "/reveal", apiKey, "", 200},
		{"POST", "/v1/events/clerk/" + event + "/reveal", apiKey, "", 404},
		{"POST", "/v1/events/paddle/" + event + "/reveal", apiKey, "", 422},
		{"POST", "/v1/events/stripe/" + event + "/reveal", adas, "", 403},
		{"GET", "/v1/events/" + event + "?source=clerk", apiKey, "", 404},
		{"GET", "/v1/events/" + event, adas, "", 403},
		{"POST", "/v1/events/replay", apiKey, `{"events":["` + event + `","stripe/` + event + `","evt_none"]}`, 202},
		{"POST", "/v1/events/replay", apiKey, `{"events":["evt_none"]}`, 404},
		{"POST", "/v1/events/replay", apiKey, `{"events":[]}`, 422},
		{"POST", "/v1/events/replay", adas, `{"events":["` + event + `"]}`, 403},
		{"GET", "/v1/work", apiKey, "", 200},
		{"GET", own + "/explanation", apiKey, "", 200},
		{"GET", own + "/explanation?offset=%2B02:00", apiKey, "", 200},
		{"GET", own + "/explanation?offset=CET", apiKey, "", 422},
		{"GET", own + "/explanation", adas, "", 403},
		{"GET", "/v1/accounts/user/user_nobody/explanation", apiKey, "", 404},
		{"GET", "/v1/explanation?of=" + customer, apiKey, "", 200},
		{"GET", "/v1/explanation?of=" + ada.ID, apiKey, "", 200},
		{"GET", "/v1/explanation?of=" + url.QueryEscape(bob.String()), apiKey, "", 200},
		{"GET", "/v1/explanation?of=cus_none", apiKey, "", 404},
		{"GET", "/v1/explanation?of=nobody", apiKey, "", 404},
		{"GET", "/v1/explanation?of=sub_1", apiKey, "", 422},
		{"GET", "/v1/explanation?of=ada@example.com", apiKey, "", 422},
		{"GET", "/v1/explanation?of=team/x", apiKey, "", 422},
		{"GET", "/v1/explanation?of=" + customer, adas, "", 403},
		{"GET", own + "/runs", apiKey, "", 200},
		{"GET", own + "/runs", adas, "", 403},
		{"GET", "/v1/accounts/user/user_nobody/runs", apiKey, "", 200},
		{"GET", "/v1/runs?key=" + url.QueryEscape(ada.String()), apiKey, "", 200},
		{"GET", "/v1/runs?key=nobody", apiKey, "", 422},
		{"GET", "/v1/runs", apiKey, "", 422},
		{"GET", "/v1/runs?before=yesterday&key=" + url.QueryEscape(ada.String()), apiKey, "", 422},
		{"GET", "/v1/runs?key=" + url.QueryEscape(ada.String()), adas, "", 403},
		{"GET", "/v1/work?status=parked&kind=customer&limit=1", apiKey, "", 200},
		{"GET", "/v1/work?account=" + ada.String(), apiKey, "", 200},
		{"GET", "/v1/work?key=nobody", apiKey, "", 422},
		{"GET", "/v1/work?after=nothing", apiKey, "", 422},
		{"GET", "/v1/work?status=none", apiKey, "", 422},
		{"POST", "/v1/work/retry", apiKey, `{"keys":["` + ada.String() + `","customer/cus_none"]}`, 202},
		{"POST", "/v1/work/retry", apiKey, `{"keys":["customer/cus_none"],"background":true}`, 404},
		{"POST", "/v1/work/retry", apiKey, `{"keys":["nobody"]}`, 422},
		{"POST", "/v1/work/retry", apiKey, `{"keys":[]}`, 422},
		{"POST", "/v1/work/drop", apiKey, `{"key":"customer/cus_none"}`, 404},
		{"POST", "/v1/work/drop", apiKey, `{"key":"nobody"}`, 422},
		{"POST", "/v1/work/drop", apiKey, `{"key":"` + parked + `"}`, 409},
		{"POST", "/v1/work/drop", apiKey, `{"key":"` + parked + `","paid":true}`, 200},
		{"POST", "/v1/work/drop", adas, `{"key":"` + parked + `"}`, 403},
		{"GET", "/v1/activations/" + session, "", "", 200},
		{"GET", "/v1/notices", apiKey, "", 200},
		{"GET", "/v1/notices?kind=subscription.started&mail=sent&limit=1&account=" + ada.String(), apiKey, "", 200},
		{"GET", "/v1/notices?account=nobody", apiKey, "", 422},
		{"GET", "/v1/notices?mail=lost", apiKey, "", 422},
		{"GET", "/v1/notices?before=nothing", apiKey, "", 422},
		{"GET", "/v1/notices", adas, "", 403},
		{"GET", "/v1/notices/" + notice, apiKey, "", 200},
		{"GET", "/v1/notices/" + notice, adas, "", 403},
		{"POST", "/v1/notices/" + notice + "/send", apiKey, "", 202},
		{"POST", "/v1/notices/none/send", apiKey, "", 404},
		{"POST", "/v1/links", apiKey, `{"object":"cs_test_never","account":"` + ada.String() + `"}`, 202},
		{"POST", "/v1/links", apiKey, `{"object":"cus_never","account":"` + ada.String() + `"}`, 202},
		{"POST", "/v1/links", apiKey, `{"object":"sub_1","account":"` + ada.String() + `"}`, 422},
		{"POST", "/v1/links", adas, `{"object":"cs_test_never","account":"` + ada.String() + `"}`, 403},
		{"POST", "/v1/links", apiKey, `{"object":"user/user_nobody","account":"` + ada.String() + `"}`, 404},
		{"POST", "/v1/links", apiKey, `{"object":"` + ada.String() + `","account":"organization/org_1"}`, 422},
		{"GET", "/v1/instance", apiKey, "", 200},
		{"GET", "/v1/instance", adas, "", 403},
		{"POST", "/v1/instance/accept", apiKey, `{"id":"` + k.sim.ClerkInstances()[0] + `"}`, 200},
		{"POST", "/v1/instance/accept", apiKey, `{"id":"ins_other"}`, 409},
		{"POST", "/v1/instance/accept", apiKey, `{"id":"live"}`, 422},
		{"POST", "/v1/instance/accept", adas, `{"id":"ins_other"}`, 403},
		{"GET", "/v1/deletions", apiKey, "", 200},
		{"GET", "/v1/deletions?state=begun", apiKey, "", 200},
		{"GET", "/v1/deletions?state=none", apiKey, "", 422},
		{"POST", "/v1/deletions/approve", apiKey, `{"all":true}`, 200},
		{"POST", "/v1/deletions/discard", apiKey, `{"all":true}`, 200},
		{"POST", "/v1/deletions/approve", apiKey, `{}`, 422},
		{"POST", "/v1/deletions/discard", apiKey, `{"accounts":["` + ada.String() + `"]}`, 404},
		{"POST", "/v1/deletions/discard", apiKey, `{"accounts":["nobody"]}`, 422},
		{"POST", "/v1/deletions/approve", adas, `{"all":true}`, 403},
		{"GET", "/v1/problems", apiKey, "", 200},
		{"GET", "/v1/problems?after=nobody", apiKey, "", 422},
		{"GET", "/v1/problems", adas, "", 403},
		{"GET", "/v1/backfill", apiKey, "", 200},
		{"POST", "/v1/backfill", apiKey, "", 202},
		{"GET", "/v1/backfill", adas, "", 403},
		{"POST", "/v1/backfill", adas, "", 403},
		{"POST", "/v1/keys", apiKey, `{"name":"web","scopes":["check","checkout"]}`, 201},
		{"POST", "/v1/keys", apiKey, `{"name":"web","scopes":["check"]}`, 409},
		{"POST", "/v1/keys", apiKey, `{"name":"environment","scopes":["check"]}`, 422},
		{"POST", "/v1/keys", apiKey, `{"name":"none","scopes":[]}`, 422},
		{"POST", "/v1/keys", apiKey, `{"name":"none","scopes":["write"]}`, 422},
		{"POST", "/v1/keys", adas, `{"name":"none","scopes":["check"]}`, 403},
		{"GET", "/v1/keys", apiKey, "", 200},
		{"POST", "/v1/console/links", apiKey, `{"name":"anna","role":"viewer"}`, 201},
		{"POST", "/v1/console/links", apiKey, `{"name":"two words"}`, 422},
		{"POST", "/v1/console/links", apiKey, `{"name":"anna","role":"owner"}`, 422},
		{"POST", "/v1/console/links", adas, `{"name":"anna"}`, 403},
		{"GET", "/v1/keys", adas, "", 403},
		{"DELETE", "/v1/keys/web", apiKey, "", 200},
		{"DELETE", "/v1/keys/web", apiKey, "", 404},
		{"DELETE", "/v1/keys/environment", apiKey, "", 409},
		{"GET", "/v1/keys?revoked=true", apiKey, "", 200},
		{"GET", "/v1/catalog", apiKey, "", 200},
		{"GET", "/v1/catalog", adas, "", 403},
		{"GET", "/v1/catalog/match?lookup_key=pro", apiKey, "", 200},
		{"GET", "/v1/catalog/match?product=prod_none&named=x", apiKey, "", 200},
		{"GET", "/v1/catalog/match", apiKey, "", 422},
		{"GET", "/v1/catalog/match?price=price_1", adas, "", 403},
		{"GET", "/v1/settings", apiKey, "", 200},
		{"GET", "/v1/settings", adas, "", 403},
		{"GET", "/v1/audit", apiKey, "", 200},
		{"GET", "/v1/audit?account=" + ada.String() + "&since=2026-01-02T15:04:05Z", apiKey, "", 200},
		{"GET", "/v1/audit?account=nobody", apiKey, "", 422},
		{"GET", "/v1/audit?before=nothing", apiKey, "", 422},
		{"GET", "/v1/audit", adas, "", 403},
		{"POST", "/v1/verify", apiKey, `{"accounts":["` + ada.String() + `","` + bob.String() + `","user/user_nobody"]}`, 200},
		{"POST", "/v1/verify", apiKey, `{"limit":1}`, 200},
		{"POST", "/v1/verify", apiKey, `{"cursor":"customers:0:"}`, 200},
		{"POST", "/v1/verify", apiKey, `{"cursor":"users:0:"}`, 200},
		{"POST", "/v1/verify", apiKey, `{"cursor":"none"}`, 422},
		{"POST", "/v1/verify", apiKey, `{"accounts":["nobody"]}`, 422},
		{"POST", "/v1/verify", adas, `{"accounts":["` + ada.String() + `"]}`, 403},
		{"POST", "/v1/verify/fix", apiKey, `{"keys":["` + ada.String() + `","customer/cus_never","sweep/users"]}`, 202},
		{"POST", "/v1/verify/fix", apiKey, `{"keys":["notice/1"]}`, 422},
		{"POST", "/v1/verify/fix", apiKey, `{"keys":["sweep/retention"]}`, 422},
		{"POST", "/v1/verify/fix", apiKey, `{"keys":["user/"]}`, 422},
		{"POST", "/v1/verify/fix", adas, `{"keys":["` + ada.String() + `"]}`, 403},
		{"POST", "/v1/verify/open", apiKey, `{"keys":["` + ada.String() + `","user/user_nobody"]}`, 200},
		{"POST", "/v1/verify/open", apiKey, `{"keys":[]}`, 422},
		{"GET", "/v1/webhooks", apiKey, "", 200},
		{"GET", "/v1/webhooks", adas, "", 403},
		{"GET", "/v1/webhooks/app/deliveries", apiKey, "", 200},
		{"GET", "/v1/webhooks/app/deliveries?state=undelivered&limit=1", apiKey, "", 200},
		{"GET", "/v1/webhooks/app/deliveries?before=nothing", apiKey, "", 422},
		{"GET", "/v1/webhooks/none/deliveries", apiKey, "", 404},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"account":"` + ada.String() + `"}`, 202},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"account":"user/user_nobody"}`, 404},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"account":"nobody"}`, 422},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"notice":"none"}`, 404},
		{"POST", "/v1/webhooks/app/enable", apiKey, "", 200},
	})
	k.follow(session)
	k.ask([]question{
		{"POST", own + "/primary-customer", apiKey, `{"customer":"` + customer + `"}`, 202},
		{"POST", own + "/primary-customer", apiKey, `{"customer":"cus_none"}`, 404},
		{"POST", own + "/primary-customer", adas, `{"customer":"` + customer + `"}`, 403},
		{"DELETE", "/v1/links/cus_none", apiKey, "", 404},
		{"DELETE", "/v1/links/" + customer, adas, "", 403},
		{"DELETE", "/v1/links/" + customer, apiKey, "", 200},
	})

	local := start(t, func(c *server.Config) { c.Identities, c.Clerk = server.FromAPI, server.Clerk{} })
	local.ask([]question{
		{"PUT", "/v1/accounts/user/42", apiKey, `{"email":"ada@example.com"}`, 201},
		{"PUT", "/v1/accounts/user/42", apiKey, `{"email":"ada@example.com"}`, 200},
		{"PUT", "/v1/accounts/user/42", apiKey, `{"email":"Ada <ada@example.com>"}`, 422},
		{"DELETE", "/v1/accounts/user/43", apiKey, "", 404},
		{"DELETE", "/v1/accounts/user/42", apiKey, "", 202},
		{"PUT", "/v1/accounts/user/42", apiKey, `{}`, 409},
	})
	for path, item := range k.document.Paths.Map() {
		for method, operation := range item.Operations() {
			if !k.good[operation.OperationID] && !local.good[operation.OperationID] {
				t.Errorf("no success of %s %s was held against the document", method, path)
			}
		}
	}
}

// follow reads the stream of a purchase with a final state.
func (k *kit) follow(session string) {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodGet, k.url+"/v1/activations/"+session+"/events",
		http.NoBody)
	if err != nil {
		k.Fatal(err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		k.Fatal(err)
	}
	k.judge(request, answer{response.StatusCode, response.Header, string(text)})
}

// TestEveryErrorIsAProblem: also outside of the operations, and at unknown paths.
func TestEveryErrorIsAProblem(t *testing.T) {
	t.Parallel()
	k := start(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/v2", 404, ""},
		{"GET", "/v1/accounts/user", 404, ""},
		{"POST", "/v1/accounts/user/user_1/none", 404, ""},
		{"GET", "/v1/checkout", 405, "POST"},
		{"PATCH", "/v1/accounts/user/user_1", 405, "GET, PUT, DELETE"},
		{"PROPFIND", "/healthz", 405, "GET"},
		{"GET", "/webhooks/stripe", 405, "POST"},
		{"GET", "/metrics", 401, ""},
		{"GET", "/v1/activations/cs_test_none/events", 404, ""},
		{"POST", "/v1/activations/cs_test_none/events", 405, "GET"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, k.url+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := k.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		var problem struct {
			Title, Detail string
			Status        int
		}
		if err := json.Unmarshal(text, &problem); err != nil || response.StatusCode != c.status ||
			problem.Status != c.status ||
			problem.Title == "" || problem.Detail == "" || response.Header.Get("Content-Type") != "application/problem+json" ||
			response.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d %v %s (%v)", c.method, c.path, response.StatusCode, response.Header, text, err)
		}
	}
}
