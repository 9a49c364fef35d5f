package simtest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// exchange is a request to the API and the answer that it must get.
type exchange struct {
	name          string
	method, path  string
	key           string
	body          string
	status        int
	has, hasNot   string
	problemDetail bool // the answer is application/problem+json
	orTooMany     bool // 429 is accepted too
}

// TestAPI calls as a server, as browsers, and without credentials. Each caller gets their own data and nothing else.
func TestAPI(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		eve := w.mustSignUp("eve@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.sim.AddMember(org.ID, eve, "org:member"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		token := func(user, org string) string {
			text, err := w.sim.SessionToken(user, org)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		adas, eves := token(ada, ""), token(eve, "")
		admin, member := token(ada, org.ID), token(eve, org.ID)
		buy := func(fields string) string { return `{"success_url":"https://app.test/done"` + fields + `}` }
		stale := token(ada, "")

		tests := []exchange{
			{name: "nobody", method: "GET", path: "/v1/accounts/user/" + ada, status: 401, problemDetail: true},
			{name: "a wrong key", method: "GET", path: "/v1/accounts/user/" + ada, key: apiKey + "x", status: 401,
				problemDetail: true},
			{name: "a server", method: "GET", path: "/v1/accounts/user/" + ada, key: apiKey, status: 200,
				has: `"customer_id":"cus_`},
			{name: "oneself", method: "GET", path: "/v1/accounts/user/" + ada, key: adas, status: 200, has: `"active":false`,
				hasNot: `"notices"`},
			{name: "somebody else", method: "GET", path: "/v1/accounts/user/" + ada, key: eves, status: 403, hasNot: "cus_",
				problemDetail: true},
			{name: "one's organization", method: "GET", path: "/v1/accounts/organization/" + org.ID, key: member, status: 200},
			{name: "an organization that is not active", method: "GET", path: "/v1/accounts/organization/" + org.ID, key: adas,
				status: 403, problemDetail: true},
			{name: "an unknown account", method: "GET", path: "/v1/accounts/user/user_nobody", key: apiKey, status: 404,
				problemDetail: true},
			{name: "no such kind", method: "GET", path: "/v1/accounts/team/x", key: apiKey, status: 422, problemDetail: true},
			{name: "events are for servers", method: "GET", path: "/v1/events", key: adas, status: 403, problemDetail: true},
			{name: "events", method: "GET", path: "/v1/events?source=clerk&status=done&limit=1", key: apiKey, status: 200,
				has: `"next":"`, hasNot: "ada@example.com"},
			{name: "a bad cursor", method: "GET", path: "/v1/events?before=x", key: apiKey, status: 422, problemDetail: true},
			{name: "work", method: "GET", path: "/v1/work", key: apiKey, status: 200, has: `"key":"sweep/events"`},
			{name: "sync now", method: "POST", path: "/v1/accounts/user/" + ada + "/sync", key: apiKey, status: 202},
			{name: "sync is for servers", method: "POST", path: "/v1/accounts/user/" + ada + "/sync", key: adas, status: 403,
				problemDetail: true},
			{name: "health", method: "GET", path: "/healthz", status: 200, has: `"ok"`},
			{name: "the document", method: "GET", path: "/openapi.json", status: 200, has: `"openapi":"3.1`},

			{name: "a server buys", method: "POST", path: "/v1/checkout", key: apiKey,
				body: buy(`,"account":"user/` + ada + `","lookup_key":"pro"`), status: 200, has: `"url":"http://stripe.test/`},
			{name: "for whom?", method: "POST", path: "/v1/checkout", key: apiKey, body: buy(`,"lookup_key":"pro"`),
				status: 422, problemDetail: true},
			{name: "what?", method: "POST", path: "/v1/checkout", key: apiKey, body: buy(`,"account":"user/` + ada + `"`),
				status: 422, problemDetail: true},
			{name: "what is not sold", method: "POST", path: "/v1/checkout", key: apiKey, body: buy(`,"account":"user/` + ada +
				`","lookup_key":"gold"`), status: 403, has: "price-not-listed", problemDetail: true},
			{name: "a trial of a one-time payment", method: "POST", path: "/v1/checkout", key: apiKey,
				body: buy(`,"account":"user/` + ada + `","lookup_key":"life","trial_days":3`), status: 422, has: "no trial",
				problemDetail: true},
			{name: "for nobody known", method: "POST", path: "/v1/checkout", key: apiKey,
				body: buy(`,"account":"user/user_nobody","lookup_key":"pro"`), status: 404, problemDetail: true},
			{name: "an unknown field", method: "POST", path: "/v1/checkout", key: apiKey,
				body: buy(`,"account":"user/` + ada + `","lookup_key":"pro","amount":1`), status: 422, problemDetail: true},

			{name: "a browser buys", method: "POST", path: "/v1/checkout", key: adas, body: buy(`,"lookup_key":"pro"`),
				status: 200, has: `"url"`},
			{name: "a browser buys for somebody else", method: "POST", path: "/v1/checkout", key: eves,
				body: buy(`,"account":"user/` + ada + `","lookup_key":"pro"`), status: 403, problemDetail: true},
			{name: "a browser names a price that is not listed", method: "POST", path: "/v1/checkout", key: adas,
				body: buy(`,"price":"` + w.prices["pro"] + `"`), status: 403, problemDetail: true},
			{name: "a browser gives itself a trial", method: "POST", path: "/v1/checkout", key: adas,
				body: buy(`,"lookup_key":"pro","trial_days":700`), status: 403, problemDetail: true},
			{name: "a browser wants to come back to somebody else", method: "POST", path: "/v1/checkout", key: adas,
				body: `{"lookup_key":"pro","success_url":"https://app.test.evil.example/"}`, status: 422, problemDetail: true},
			{name: "a browser wants to come back with a password", method: "POST", path: "/v1/checkout", key: adas,
				body: `{"lookup_key":"pro","success_url":"https://x@app.test/"}`, status: 422, problemDetail: true},
			{name: "an administrator buys", method: "POST", path: "/v1/checkout", key: admin,
				body: buy(`,"account":"organization/` + org.ID + `","lookup_key":"pro"`), status: 200, has: `"url"`},
			{name: "a member does not", method: "POST", path: "/v1/checkout", key: member,
				body: buy(`,"account":"organization/` + org.ID + `","lookup_key":"pro"`), status: 403, problemDetail: true},

			{name: "portal", method: "POST", path: "/v1/portal", key: adas, body: `{"return_url":"https://app.test/"}`,
				status: 200, has: `"url":"http://stripe.test/`},
			{name: "portal of somebody else", method: "POST", path: "/v1/portal", key: eves, body: `{"account":"user/` + ada +
				`","return_url":"https://app.test/"}`, status: 403, problemDetail: true},
		}
		for _, tt := range tests {
			w.exchange(tt)
		}
		time.Sleep(2 * time.Minute)
		w.exchange(exchange{name: "a token of two minutes ago", method: "GET", path: "/v1/accounts/user/" + ada, key: stale,
			status: 401, problemDetail: true})
	})
}

func (w *world) exchange(tt exchange) {
	var body io.Reader
	if tt.body != "" {
		body = strings.NewReader(tt.body)
	}
	request, err := http.NewRequestWithContext(context.Background(), tt.method, "http://"+serviceHost+tt.path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if tt.key != "" {
		request.Header.Set("Authorization", "Bearer "+tt.key)
	}
	response, err := w.outside.client(30 * time.Second).Do(request)
	if err != nil {
		w.t.Errorf("%s: %v", tt.name, err)
		return
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Errorf("%s: %v", tt.name, err)
	}
	answer := string(text)
	right := response.StatusCode == tt.status || tt.orTooMany && response.StatusCode == http.StatusTooManyRequests
	if !right || tt.has != "" && !strings.Contains(answer, tt.has) || tt.hasNot != "" &&
		strings.Contains(answer, tt.hasNot) {
		w.t.Errorf("%s: status %d, want %d: %s", tt.name, response.StatusCode, tt.status, answer)
	}
	if is := response.Header.Get("Content-Type") == "application/problem+json"; is != tt.problemDetail {
		w.t.Errorf("%s: content type %s", tt.name, response.Header.Get("Content-Type"))
	}
	if !json.Valid(text) && tt.status != http.StatusAccepted {
		w.t.Errorf("%s: not JSON: %s", tt.name, answer)
	}
}

// TestOrigins: pages on a return origin may call the API from a browser; others may not.
func TestOrigins(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		for origin, allowed := range map[string]bool{"https://app.test": true, "https://evil.example": false,
			"https://app.test.evil.example": false, "null": false} {
			for method, want := range map[string]int{http.MethodOptions: http.StatusNoContent,
				http.MethodGet: http.StatusUnauthorized} {
				request, err := http.NewRequestWithContext(context.Background(), method,
					"http://"+serviceHost+"/v1/accounts/user/user_1", http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Origin", origin)
				if method == http.MethodOptions {
					request.Header.Set("Access-Control-Request-Method", "GET")
				}
				response, err := w.outside.client(time.Second).Do(request)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if got := response.Header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || !allowed && got != "" {
					t.Errorf("%s from %s: allowed is %q", method, origin, got)
				}
				if allowed && response.StatusCode != want || !allowed && response.StatusCode < 400 {
					t.Errorf("%s from %s: status %d", method, origin, response.StatusCode)
				}
				if response.Header.Get("Access-Control-Allow-Credentials") != "" {
					t.Error("cookies are allowed")
				}
			}
		}
	})
}

// TestAWrongDeletionIsUndone: Clerk wrongly answers 404 for a user just when an event says that they are deleted.
func TestAWrongDeletionIsUndone(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.sim.AddFault(simulator.Fault{Side: "clerk", Method: "GET", Path: "/v1/users/*", Times: 1, Status: 404,
			Body:   `{"errors":[{"message":"not found","long_message":"not found","code":"resource_not_found"}]}`,
			Header: http.Header{"Content-Type": {"application/json"}}})
		w.sayGone(ada)
		time.Sleep(time.Minute)
		if a := w.ask("user/" + ada); a.State != "deleted" {
			t.Fatalf("the account is %s", a.State)
		}
		time.Sleep(listEvery)
		if a := w.ask("user/" + ada); a.State != "active" || a.Problem != "" {
			t.Fatalf("after the directory sweep the account is %+v", a)
		}
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		if a := w.ask("user/" + ada); a.Access.Plan != "pro" {
			t.Errorf("after buying again: %+v", a)
		}
	})
}

// TestDeliveriesThatCannotBeStored: a full disk is answered with 503 and Retry-After, an oversized body with 413.
// Neither changes anything.
func TestDeliveriesThatCannotBeStored(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","livemode":false,"created":1,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_1"}}}`)
		w.oracle.diskFull.Store(true)
		if status, err := w.deliver("stripe", "evt_1", body); err != nil || status != http.StatusServiceUnavailable {
			t.Errorf("with a full disk: %d %v", status, err)
		}
		w.oracle.diskFull.Store(false)
		if status, err := w.deliver("stripe", "evt_1", append(body, strings.Repeat(" ", 1<<20)...)); err != nil ||
			status != http.StatusRequestEntityTooLarge {
			t.Errorf("a body of over 1 MiB: %d %v", status, err)
		}
		everything := lockstep.EventFilter{Limit: 10_000, Bodiless: true}
		before, err := w.service.store.Events(context.Background(), everything)
		if err != nil {
			t.Fatal(err)
		}
		if status, err := w.deliver("stripe", "evt_1", body); err != nil || status != http.StatusOK {
			t.Errorf("with room again: %d %v", status, err)
		}
		if status, err := w.deliver("stripe", "evt_1", body); err != nil || status != http.StatusOK {
			t.Errorf("twice: %d %v", status, err)
		}
		after, err := w.service.store.Events(context.Background(), everything)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(after.Events) - len(before.Events); n != 1 {
			t.Errorf("one delivery, made four times, stored %d events", n)
		}
	})
}
