package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/server"
)

// TestABodyThatCanBeReadInTwoWaysIsRefused: names that encoding/json treats as equal and a validator does not, at
// any depth, and unknown names.
func TestABodyThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	session := k.token(ada, "")
	const common = `"lookup_key":"pro","success_url":"https://app.test/"`
	for name, c := range map[string]struct{ method, path, key, body, at string }{
		"case": {"POST", "/v1/checkout", session, `{"quantity":1,"QUANTITY":1000000000,` + common + `}`,
			"body.QUANTITY"},
		"other order": {"POST", "/v1/checkout", session, `{"Quantity":1000000000,"quantity":1,` + common + `}`,
			"body.quantity"},
		"the same": {"POST", "/v1/checkout", session, `{"quantity":1,"quantity":2,` + common + `}`, "body.quantity"},
		"escaped": {"POST", "/v1/checkout", session, `{"quantity":1,"quantit\u0079":2,` + common + `}`,
			"body.quantity"},
		"kelvin": {"POST", "/v1/checkout", session, `{"loo\u212aup_key":"life",` + common + `}`, "body.lookup_key"},
		"long s": {"POST", "/v1/checkout", session, `{` + common + `,"\u017fuccess_url":"https://evil.test/"}`,
			"body.ſuccess_url"},
		"for servers": {"POST", "/v1/checkout", session, `{"again":false,"AGAIN":true,` + common + `}`, "body.AGAIN"},
		"whose": {"POST", "/v1/check", apiKey, `{"account":"user/a","Account":"user/b","feature":"x"}`,
			"body.Account"},
		"portal": {"POST", "/v1/portal", session,
			`{"return_url":"https://app.test/","RETURN_URL":"https://evil.test/"}`, "body.RETURN_URL"},
		"unknown":         {"POST", "/v1/checkout", session, `{"qty":5,` + common + `}`, "body.qty"},
		"only other case": {"POST", "/v1/checkout", session, `{"Quantity":5,` + common + `}`, "body.Quantity"},
		"nested, array": {"POST", "/v1/deletions/approve", apiKey, `{"accounts":[{"a":1,"b":{"c":1,"C":2}}]}`,
			"body.accounts[0].b.C"},
		"nested, in array": {"POST", "/v1/deletions/approve", apiKey, `{"accounts":["user/a",[{"x":1,"x":2}]]}`,
			"body.accounts[1][0].x"},
	} {
		a := k.call(c.method, c.path, c.key, c.body)
		var problem struct {
			Errors []struct{ Location string }
		}
		if err := json.Unmarshal([]byte(a.body), &problem); err != nil || a.status != 422 || len(problem.Errors) == 0 ||
			problem.Errors[0].Location != c.at {
			t.Errorf("%s: %d %s, want 422 at %s", name, a.status, a.body, c.at)
		}
	}
	if n := len(k.sim.CheckoutSessions()); n != 0 {
		t.Errorf("%d checkouts were started", n)
	}
	// Other bodies are answered as before, even those that the framework rejects.
	if a := k.call("POST", "/v1/checkout", session, `{"quantity":1,`+common+`}`); a.status != 200 {
		t.Errorf("a good body: %d %s", a.status, a.body)
	}
	if a := k.call("POST", "/v1/checkout", session, `{"quantity":1`); a.status != 400 {
		t.Errorf("half a body: %d %s", a.status, a.body)
	}
	if a := k.call("POST", "/v1/checkout", session, `{"lookup_key":"`+strings.Repeat("x", 1<<20)+`"}`); a.status != 413 {
		t.Errorf("a large body: %d %.200s", a.status, a.body)
	}
	if a := k.call("POST", "/v1/check", apiKey, strings.Repeat("[", 200_000)+strings.Repeat("]",
		200_000)); a.status != 400 {
		t.Errorf("a deep body: %d %.200s", a.status, a.body)
	}
}

// TestControlCharactersAreRefusedEverywhere: before they reach a database.
func TestControlCharactersAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Identities, c.Clerk = server.FromAPI, server.Clerk{} })
	for name, c := range map[string]struct{ method, path, body, at, header string }{
		"a name":         {"PUT", "/v1/accounts/user/1", `{"name":"Ada\u0000"}`, "body.name", ""},
		"an address":     {"PUT", "/v1/accounts/user/1", `{"email":"ada\u0000@example.com"}`, "body.email", ""},
		"an object's id": {"POST", "/v1/links", `{"object":"cus_\u0000","account":"user/1"}`, "body.object", ""},
		"a notice":       {"POST", "/v1/webhooks/app/redeliver", `{"notice":"n\u001f1"}`, "body.notice", ""},
		"a feature":      {"POST", "/v1/check", `{"account":"user/1","feature":"ex\u0085port"}`, "body.feature", ""},
		"in an array": {"POST", "/v1/deletions/approve", `{"accounts":["user/1","user/\u0007"]}`,
			"body.accounts[1]", ""},
		"a path":           {"GET", "/v1/notices/n%00", "", "path", ""},
		"a path, no UTF-8": {"GET", "/v1/notices/n%ff", "", "path", ""},
		"a path, DEL":      {"POST", "/v1/notices/n%7f/send", "", "path", ""},
		"a query":          {"GET", "/v1/events?key=customer/cus_%00", "", "query", ""},
		"a cursor":         {"GET", "/v1/events?before=%00", "", "query", ""},
		"an idempotency":   {"POST", "/v1/checkout", `{"account":"user/1","lookup_key":"pro","success_url":"https://app.test/"}`, "header.Idempotency-Key", "Idempotency-Key: a\xff"},
	} {
		headers := []string{}
		if c.header != "" {
			headers = append(headers, c.header)
		}
		a := k.call(c.method, c.path, apiKey, c.body, headers...)
		if a.status != 422 || !strings.Contains(a.body, `"location":"`+c.at+`"`) {
			t.Errorf("%s: %d %s, want 422 at %s", name, a.status, a.body, c.at)
		}
	}
}
