package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/server"
)

// ask sends a request to a handler. A header is "Name: value".
func ask(t *testing.T, handler http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for _, h := range append([]string{"Authorization: Bearer " + apiKey}, headers...) {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

// TestBothWaysAnswerTheSame: a request with a query takes the way through the framework, and gets the same answer as
// one without.
func TestBothWaysAnswerTheSame(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.HTTP.ReturnOrigins = []string{"https://app.test"} })
	ada, eve := k.signUp("ada@example.com"), k.signUp("eve@example.com")
	k.buy(ada, "pro")
	k.buy(ada, "life")
	handler := k.another().Handler()
	path := "/v1/accounts/" + ada.String() + "/access"
	etag := ask(t, handler, "GET", path, "").Header().Get("ETag")
	type request struct {
		method, path, body string
		headers            []string
	}
	requests := []request{
		{"GET", path, "", nil},
		{"GET", path, "", []string{"If-None-Match: " + etag}},
		{"GET", path, "", []string{`If-None-Match: "x"`, "Accept: text/html"}},
		{"GET", path, "", []string{"Origin: https://app.test"}},
		{"GET", path, "", []string{"Idempotency-Key: \x01"}},
		{"GET", path, "", []string{"Authorization: Bearer wrong"}},
		{"GET", path, "", []string{"Authorization: " + apiKey}},
		{"GET", path, "", []string{"Authorization: "}},
		{"GET", "/v1/accounts/" + eve.String() + "/access", "", nil},
		{"GET", "/v1/accounts/user/nobody/access", "", nil},
		{"GET", "/v1/accounts/team/x/access", "", nil},
		{"GET", "/v1/accounts/user/a/b/access", "", nil},
		{"HEAD", path, "", nil},
		{"DELETE", path, "", nil},
		{"GET", "/v1/check", "", nil},
	}
	account := `"account":"` + ada.String() + `"`
	long := strings.Repeat("x", 201)
	for _, body := range []string{`{` + account + `,"feature":"export"}`, `{"feature":"archive",` + account + `}`,
		`{` + account + `,"plan":"pro"}`, `{` + account + `,"plan":"basic"}`, `{` + account + `,"feature":"<&>\u00e9"}`,
		` { ` + account + ` , "feature" : "export" } `, `{` + account + `,"feature":"\ud800"}`, `{` + account + `,"feature":"\u0000"}`,
		`{"account":"` + eve.String() + `","feature":"export"}`, `{"account":"user/nobody","feature":"export"}`,
		`{` + account + `,"feature":"a","plan":"b"}`, `{` + account + `}`, `{"feature":"a"}`, `{}`, ``, `null`, `[]`, `"a"`, `{`,
		`{` + account + `,"feature":"` + long + `"}`, `{` + account + `,"feature":"` + long[1:] + `"}`,
		`{` + account + `,"feature":""}`, `{` + account + `,"feature":"a","feature":"b"}`, `{` + account + `,"feature":"","feature":"export"}`,
		`{` + account + `,"feature":"a","FEATURE":"b"}`, `{` + account + `,"Feature":"a"}`, `{` + account + `,"feature":1}`,
		`{` + account + `,"feature":null}`, `{` + account + `,"feature":{"a":"b"}}`, `{` + account + `,"x":"y","feature":"a"}`,
		`{` + account + `,"feature":"a"}{}`, `{` + account + `,"feature":"a"} x`, `{` + account + `,"feature":"a",}`,
		`{` + account + `,"feature":"` + "\xff" + `"}`, `{` + account + `,"feature" "a"}`, `{` + account + `,"feature":"a"`,
		`{` + account + `,"feature":"a"}` + strings.Repeat(" ", 2000)} {
		requests = append(requests, request{"POST", "/v1/check", body, []string{"Content-Type: application/json"}})
	}
	right := requests[len(requests)-1].body
	for _, media := range []string{"application/json; charset=utf-8", "text/plain", "", "application/jsonp"} {
		requests = append(requests, request{"POST", "/v1/check", strings.TrimSpace(right), []string{"Content-Type: " + media}})
	}
	for _, r := range requests {
		direct := ask(t, handler, r.method, r.path, r.body, r.headers...)
		whole := ask(t, handler, r.method, r.path+"?x=1", r.body, r.headers...)
		if direct.Code != whole.Code || cmp.Diff(direct.Header(), whole.Header()) != "" || !sameBody(direct, whole) {
			t.Errorf("%s %s %s %v:\n%d %v %s\nthrough the framework: %d %v %s", r.method, r.path, r.body, r.headers,
				direct.Code, direct.Header(), direct.Body, whole.Code, whole.Header(), whole.Body)
		}
	}
}

// sameBody compares the bytes of answers. Errors list what is wrong in any order.
func sameBody(a, b *httptest.ResponseRecorder) bool {
	if a.Code < http.StatusBadRequest {
		return a.Body.String() == b.Body.String()
	}
	var one, other struct{ Title, Detail string }
	return json.Unmarshal(a.Body.Bytes(), &one) == nil && json.Unmarshal(b.Body.Bytes(), &other) == nil && one == other
}
