package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/server"
)

// reply is an answer, and what a handler did for it.
type reply struct {
	*httptest.ResponseRecorder
	deadlines []time.Time // that it set for reading the body
	direct    bool        // the framework was not involved
}

func (r *reply) SetReadDeadline(at time.Time) error {
	r.deadlines = append(r.deadlines, at)
	return nil
}

// noticing is a context that notices the framework, which sets a shorter deadline for each operation.
type noticing struct {
	context.Context
	reply *reply
}

func (n noticing) Deadline() (time.Time, bool) {
	n.reply.direct = false
	return n.Context.Deadline()
}

// ask sends a request to a handler. A header is "Name: value".
func ask(t *testing.T, handler http.Handler, method, path, body string, headers ...string) *reply {
	t.Helper()
	answer := &reply{ResponseRecorder: httptest.NewRecorder(), direct: true}
	request := httptest.NewRequestWithContext(noticing{t.Context(), answer}, method, path, strings.NewReader(body))
	for _, h := range append([]string{"Authorization: Bearer " + apiKey}, headers...) {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	handler.ServeHTTP(answer, request)
	return answer
}

// twice is a request that both ways answer.
type twice struct {
	method, path, body string
	headers            []string
	direct             bool // it must be answered without the framework
}

// bothWays asks without a query and with one, which takes the way through the framework. It asks again if the answer
// without a query was to be direct and was not, because memory was last polled too long ago.
func bothWays(t *testing.T, handler http.Handler, q twice) (direct, whole *reply) {
	t.Helper()
	for range 100 {
		whole = ask(t, handler, q.method, q.path+"?x=1", q.body, q.headers...)
		if direct = ask(t, handler, q.method, q.path, q.body, q.headers...); direct.direct || !q.direct {
			break
		}
	}
	if q.direct && (!direct.direct || whole.direct) {
		t.Errorf("%s %s %s %v: answered directly: %t, and with a query: %t", q.method, q.path, q.body, q.headers,
			direct.direct, whole.direct)
	}
	return direct, whole
}

// TestBothWaysAnswerTheSame compares the direct way with the framework's.
func TestBothWaysAnswerTheSame(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.HTTP.ReturnOrigins = []string{"https://app.test"} })
	ada, eve := k.signUp("ada@example.com"), k.signUp("eve@example.com")
	k.buy(ada, "pro")
	k.buy(ada, "life")
	handler := k.another().Handler()
	path := "/v1/accounts/" + ada.String() + "/access"
	etag := ask(t, handler, "GET", path, "").Header().Get("ETag")
	questions := []twice{
		{"GET", path, "", nil, true},
		{"GET", path, "", []string{"If-None-Match: " + etag}, true},
		{"GET", path, "", []string{`If-None-Match: "x"`, "Accept: text/html"}, true},
		{"GET", path, "", []string{"Origin: https://app.test"}, true},
		{"GET", path, "", []string{"Idempotency-Key: \x01"}, false},
		{"GET", path, "", []string{"Authorization: Bearer wrong"}, false},
		{"GET", path, "", []string{"Authorization: " + apiKey}, false},
		{"GET", path, "", []string{"Authorization: "}, false},
		{"GET", "/v1/accounts/" + eve.String() + "/access", "", nil, true},
		{"GET", "/v1/accounts/user/nobody/access", "", nil, false},
		{"GET", "/v1/accounts/team/x/access", "", nil, false},
		{"GET", "/v1/accounts/user/a/b/access", "", nil, false},
		{"HEAD", path, "", nil, false},
		{"DELETE", path, "", nil, false},
		{"GET", "/v1/check", "", nil, false},
	}
	check := func(direct bool, media string, bodies ...string) {
		for _, body := range bodies {
			questions = append(questions, twice{"POST", "/v1/check", body, []string{"Content-Type: " + media}, direct})
		}
	}
	account := `"account":"` + ada.String() + `"`
	long := strings.Repeat("x", 201)
	check(true, "application/json",
		`{`+account+`,"feature":"export"}`, `{"feature":"archive",`+account+`}`,
		`{`+account+`,"plan":"pro"}`, `{`+account+`,"plan":"basic"}`, `{`+account+`,"feature":"<&>\u00e9"}`,
		` { `+account+` , "feature" : "export" } `, `{"account":"`+eve.String()+`","feature":"export"}`,
		`{`+account+`,"feature":"`+long[1:]+`"}`)
	check(false, "application/json",
		`{`+account+`,"feature":"\ud800"}`, `{`+account+`,"feature":"\u0000"}`, `{"account":"user/nobody","feature":"export"}`,
		`{`+account+`,"feature":"a","plan":"b"}`, `{`+account+`}`, `{"feature":"a"}`, `{}`, ``, `null`, `[]`, `"a"`, `{`,
		`{`+account+`,"feature":"`+long+`"}`, `{`+account+`,"feature":""}`,
		`{`+account+`,"feature":"a","feature":"b"}`, `{`+account+`,"feature":"","feature":"export"}`,
		`{`+account+`,"feature":"a","FEATURE":"b"}`, `{`+account+`,"Feature":"a"}`, `{`+account+`,"feature":1}`,
		`{`+account+`,"feature":null}`, `{`+account+`,"feature":{"a":"b"}}`, `{`+account+`,"x":"y","feature":"a"}`,
		`{`+account+`,"feature":"a"}{}`, `{`+account+`,"feature":"a"} x`, `{`+account+`,"feature":"a",}`,
		`{`+account+`,"feature":"`+"\xff"+`"}`, `{`+account+`,"feature" "a"}`, `{`+account+`,"feature":"a"`,
		`{`+account+`,"feature":"a"}`+strings.Repeat(" ", 2000))
	check(true, "application/json; charset=utf-8", `{`+account+`,"feature":"a"}`)
	for _, media := range []string{"text/plain", "", "application/jsonp"} {
		check(false, media, `{`+account+`,"feature":"a"}`)
	}
	for _, q := range questions {
		direct, whole := bothWays(t, handler, q)
		if direct.Code != whole.Code || cmp.Diff(direct.Header(), whole.Header()) != "" || !sameBody(direct, whole) {
			t.Errorf("%s %s %s %v:\n%d %v %s\nthrough the framework: %d %v %s", q.method, q.path, q.body, q.headers,
				direct.Code, direct.Header(), direct.Body, whole.Code, whole.Header(), whole.Body)
		}
	}
}

// sameBody compares the bytes of answers. Errors list what is wrong in any order.
func sameBody(a, b *reply) bool {
	if a.Code < http.StatusBadRequest {
		return a.Body.String() == b.Body.String()
	}
	var one, other struct{ Title, Detail string }
	return json.Unmarshal(a.Body.Bytes(), &one) == nil && json.Unmarshal(b.Body.Bytes(), &other) == nil && one == other
}

// TestADirectCheckSetsOneDeadline: the server sets the next request's. The framework's way removes it, because it may
// wait, and a deadline that passes ends the connection.
func TestADirectCheckSetsOneDeadline(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	handler, media := k.another().Handler(), []string{"Content-Type: application/json"}
	body := `{"account":"` + ada.String() + `","feature":"export"}`
	direct, _ := bothWays(t, handler, twice{"POST", "/v1/check", body, media, true})
	if len(direct.deadlines) != 1 || time.Until(direct.deadlines[0]) < time.Second {
		t.Errorf("a direct check set the deadlines %v, want one of five seconds", direct.deadlines)
	}
	for _, body := range []string{`{"account":"user/nobody","feature":"a"}`, `{`, `{"a":"b"}`} {
		answer := ask(t, handler, "POST", "/v1/check", body, media...)
		if n := len(answer.deadlines); n == 0 || !answer.deadlines[n-1].IsZero() {
			t.Errorf("%s: the deadlines are %v, want none at the end", body, answer.deadlines)
		}
	}
}
