package upstream

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lockstep-dev/lockstep"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 1 << 20

// acme is a provider whose errors have only a code; gone is the code of a missing object.
var acme = Rules{
	Provider: "acme", Owner: "Acme's", RequestID: "Acme-Id", Missing: "gone",
	Refusal: func(_ *http.Response, body Object, e *lockstep.UpstreamError) bool {
		e.Code = Word(body.Text("code"))
		return body.Flag("acme")
	},
}

// ask makes a request to a local server.
func ask(t *testing.T, rules Rules, handler http.HandlerFunc) (body string, err error) {
	t.Helper()
	return askWith(t.Context(), t, rules, handler)
}

// askWith makes a request under a context.
func askWith(ctx context.Context, t *testing.T, rules Rules, handler http.HandlerFunc) (body string, err error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		return "", err
	}
	res, err := rules.Client(server.Client(), time.Minute, limit).Do(request)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	return string(read), err
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cut announces more bytes than it sends.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"email":"ada@example.com"}`)
}

// bomb is small on the wire and large after decompression: a sequence of gzip streams
// counts as one.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(make([]byte, limit))
	_ = z.Close()
	for range 3 {
		_, _ = w.Write(packed.Bytes())
	}
}

func TestAnswersThatAreNotBelieved(t *testing.T) {
	elsewhere := http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		cause  string // of an outcome that is unknown
		status int    // of one that is known
		code   string
	}{
		"200 cut short":               {answering(200, `{"email":"ada@exam`), "the answer is not complete JSON", 0, ""},
		"200 cut short by connection": {cut, "unexpected EOF", 0, ""},
		"200 of a proxy": {answering(200, "<html>ada@example.com</html>"), "the answer is not complete JSON",
			0, ""},
		"200 and nothing": {answering(200, ""), "the answer is not complete JSON", 0, ""},
		"200 and more":    {answering(200, "{}{}"), "the answer is not complete JSON", 0, ""},
		"204":             {answering(204, ""), "the answer is not complete JSON", 0, ""},
		"one byte too many": {answering(200, "{"+strings.Repeat(" ", limit-1)+"}"), "the answer is too large",
			0, ""},
		"refusal that is too large": {answering(404, `{"acme":true,"code":"gone"}`+strings.Repeat(" ", limit)),
			"the answer is too large", 0, ""},
		"bomb":                {bomb, "the answer is too large", 0, ""},
		"redirect":            {elsewhere, "the answer is a redirect, status 302", 0, ""},
		"300 without a place": {answering(300, "{}"), "the answer is a redirect, status 300", 0, ""},
		"400 of a proxy": {answering(400, "ada@example.com is bad"), "the answer is not Acme's, status 400",
			0, ""},
		"403 of a proxy":           {answering(403, ""), "the answer is not Acme's, status 403", 0, ""},
		"404 of a proxy":           {answering(404, "<html>"), "the answer is not Acme's, status 404", 0, ""},
		"404 that copies the code": {answering(404, `{"code":"gone"}`), "the answer is not Acme's, status 404", 0, ""},
		"404 of another code": {answering(404, `{"acme":true,"code":"no_route"}`),
			"no such URL, status 404", 0, "no_route"},
		"404 without a code":      {answering(404, `{"acme":true}`), "no such URL, status 404", 0, ""},
		"404":                     {answering(404, `{"acme":true,"code":"gone"}`), "", 404, "gone"},
		"409":                     {answering(409, `{"acme":true,"code":"busy"}`), "", 409, "busy"},
		"code that is a sentence": {answering(422, `{"acme":true,"code":"ada@example.com exists"}`), "", 422, ""},
		"429 of a proxy":          {answering(429, "slow down"), "", 429, ""},
		"500 of a proxy":          {answering(500, `{"code":"broken"}`), "", 500, "broken"},
		"502 of a proxy":          {answering(502, "<html>ada@example.com</html>"), "", 502, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			_, err := ask(t, acme, func(w http.ResponseWriter, r *http.Request) { calls++; c.answer(w, r) })
			var got *lockstep.UpstreamError
			if !errors.As(err, &got) {
				t.Fatalf("%v is not an UpstreamError", err)
			}
			cause := ""
			if got.Err != nil {
				cause = got.Err.Error()
			}
			want := &lockstep.UpstreamError{Provider: "acme", Status: c.status, Code: c.code}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(*got, "Err")); diff != "" || cause != c.cause {
				t.Errorf("cause %q, %s", cause, diff)
			}
			if missing := name == "404"; errors.Is(err, lockstep.ErrNotFound) != missing {
				t.Errorf("not found: %v", !missing)
			}
			if strings.Contains(err.Error(), "ada") {
				t.Errorf("%q holds personal data", err)
			}
			if calls != 1 {
				t.Errorf("%d calls", calls)
			}
		})
	}
}

func TestAnswersThatAreBelieved(t *testing.T) {
	largest := "{" + strings.Repeat(" ", limit-2) + "}"
	objects := acme
	objects.Objects = true
	for body, object := range map[string]bool{`{"id":"1"}`: true, " {}\n": true, largest: true, "null": false,
		"[]": false, `"text"`: false} {
		if got, err := ask(t, acme, answering(201, body)); err != nil || got != body {
			t.Errorf("%.20s: read %.20s, %v", body, got, err)
		}
		got, err := ask(t, objects, answering(200, body))
		switch {
		case object && (err != nil || got != body):
			t.Errorf("%.20s: read %.20s, %v", body, got, err)
		case !object && (err == nil || !strings.Contains(err.Error(), "the answer is not a complete JSON object")):
			t.Errorf("%.20s is taken for an object: %v", body, err)
		}
	}
}

func TestRefusalTellsWhenToComeBackAndWhoAsked(t *testing.T) {
	for id, want := range map[string]string{"req_1": "req_1", "ada@example.com": ""} {
		_, err := ask(t, acme, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Acme-Id", id)
			w.WriteHeader(503)
		})
		var got *lockstep.UpstreamError
		if !errors.As(err, &got) || got.RetryAfter != 7*time.Second || got.RequestID != want {
			t.Errorf("%q: got %+v", id, got)
		}
	}
}

// endless is an answer without an end. It counts the bytes that are read.
type endless struct {
	read   int
	closed bool
}

func (e *endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: e, Request: r}, nil
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read += len(p); e.read > 4*limit {
		return 0, errors.New("too much was read")
	}
	return len(p), nil
}

func (e *endless) Close() error { e.closed = true; return nil }

func TestEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	answer := &endless{}
	_, err := acme.Client(&http.Client{Transport: answer}, 0, limit).Get("http://acme.internal")
	if err == nil || !strings.Contains(err.Error(), "too large") || !answer.closed {
		t.Fatalf("%v after %d bytes, closed %v", err, answer.read, answer.closed)
	}
}

func TestClientIsACopyWithoutCookies(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	base := &http.Client{Jar: jar}
	if got := acme.Client(base, time.Minute, limit); got == base || got.Jar != nil || base.Transport != nil ||
		base.Jar == nil {
		t.Errorf("%+v of %+v", got, base)
	}
}

// silent is a provider that answers nothing, or sends the header of an answer and no body.
type silent struct{ header bool }

func (s silent) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.header {
		return &http.Response{StatusCode: http.StatusOK, Body: silentBody{req.Context()}}, nil
	}
	<-req.Context().Done()
	return nil, req.Context().Err()
}

type silentBody struct{ ctx context.Context }

func (b silentBody) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func (silentBody) Close() error { return nil }

// A call ends after the timeout of the base client, or of the adapter, whatever it waits for.
func TestACallIsBounded(t *testing.T) {
	t.Parallel()
	for _, provider := range []silent{{header: false}, {header: true}} {
		for own, want := range map[time.Duration]time.Duration{0: time.Minute, time.Second: time.Second} {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				client := acme.Client(&http.Client{Transport: provider, Timeout: own}, time.Minute, limit)
				_, err := client.Get("http://acme.internal")
				if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != want {
					t.Errorf("header %t: %v after %v, want %v", provider.header, err, took, want)
				}
			})
		}
	}
}
