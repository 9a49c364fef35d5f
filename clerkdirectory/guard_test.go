package clerkdirectory

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func refused(code string) string {
	return fmt.Sprintf(`{"errors":[{"message":"ada@example.com is no good","long_message":"ada@example.com","code":%q}],"clerk_trace_id":"trace_1"}`, code)
}

// TestAnswersThatAreErrors asks for a user and gets each of these.
func TestAnswersThatAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answer   http.HandlerFunc
		status   int
		code     string
		notFound bool
		rejected bool
	}{
		"missing":                     {answering(404, refused("resource_not_found")), 404, "resource_not_found", true, true},
		"404 of a proxy":              {answering(404, "<html>ada@example.com</html>"), 0, "", false, false},
		"404 without a body":          {answering(404, ""), 0, "", false, false},
		"404 of somebody's JSON":      {answering(404, `{"error":"not found"}`), 0, "", false, false},
		"404 of somebody's list":      {answering(404, `{"errors":["not found"]}`), 0, "", false, false},
		"404 with empty list":         {answering(404, `{"errors":[]}`), 0, "", false, false},
		"404 of another code":         {answering(404, refused("route_not_found")), 0, "route_not_found", false, false},
		"410 of a proxy":              {answering(410, "gone"), 0, "", false, false},
		"401":                         {answering(401, refused("authentication_invalid")), 401, "authentication_invalid", false, false},
		"422":                         {answering(422, refused("form_param_unknown")), 422, "form_param_unknown", false, true},
		"429":                         {answering(429, refused("too_many_requests")), 429, "too_many_requests", false, false},
		"429 of a proxy":              {answering(429, "slow down"), 429, "", false, false},
		"500":                         {answering(500, refused("internal_clerk_error")), 500, "internal_clerk_error", false, false},
		"502 of a proxy":              {answering(502, "<html>ada@example.com</html>"), 502, "", false, false},
		"code that is a sentence":     {answering(422, refused("ada@example.com exists")), 0, "", false, false},
		"200 cut short":               {answering(200, `{"id":"user_1","email_addr`), 0, "", false, false},
		"200 cut short by connection": {cut, 0, "", false, false},
		"200 of a proxy":              {answering(200, "<html>ada@example.com</html>"), 0, "", false, false},
		"200 and nothing":             {answering(200, ""), 0, "", false, false},
		"200 null":                    {answering(200, "null"), 0, "", false, false},
		"200 list":                    {answering(200, "[]"), 0, "", false, false},
		"200 of another service":      {answering(200, `{"status":"ok"}`), 0, "", false, false},
		"somebody else":               {answering(200, `{"id":"user_2"}`), 0, "", false, false},
		"redirect":                    {http.RedirectHandler("/v1/elsewhere", http.StatusFound).ServeHTTP, 0, "", false, false},
		"bomb":                        {bomb, 0, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := serve(t, func(w http.ResponseWriter, r *http.Request) { calls++; c.answer(w, r) })
			_, err := client.Identity(t.Context(), user)
			var got *lockstep.UpstreamError
			if !errors.As(err, &got) {
				t.Fatalf("%v is not an UpstreamError", err)
			}
			if got.Provider != "clerk" || got.Op != "read user" || got.Status != c.status || got.Code != c.code {
				t.Errorf("got %+v", got)
			}
			if errors.Is(err, lockstep.ErrNotFound) != c.notFound || got.Rejected() != c.rejected {
				t.Errorf("not found %v, rejected %v", errors.Is(err, lockstep.ErrNotFound), got.Rejected())
			}
			if got.Status == 0 && got.Err == nil {
				t.Error("no cause")
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

func TestCauseIsNamed(t *testing.T) {
	for want, answer := range map[string]http.HandlerFunc{
		"too large":      bomb,
		"redirect":       http.RedirectHandler("/v1/elsewhere", http.StatusFound).ServeHTTP,
		"not whole JSON": answering(200, "<html>"),
	} {
		client := serve(t, answer)
		if err := client.MergeMetadata(t.Context(), user, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// endless is an answer without an end, which counts what is read of it.
type endless struct{ read int }

func (e *endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(e), Request: r}, nil
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read += len(p); e.read > 4*answerLimit {
		return 0, errors.New("too much was read")
	}
	return len(p), nil
}

func TestEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	answer := &endless{}
	client, err := New(Config{Key: "sk_test_1", HTTPClient: &http.Client{Transport: answer}})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.MergeMetadata(t.Context(), user, nil); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Fatalf("%v after %d bytes", err, answer.read)
	}
}

// cut promises more than it sends.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"id":"user_1"`)
}

// bomb is small on the wire and large when unpacked: gzip streams that follow one
// another are one, so that a million zeros need packing but once.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(packed([]byte(`{"id":"user_1","first_name":"`)))
	zeros := packed(make([]byte, 1<<20))
	for range 34 {
		_, _ = w.Write(zeros)
	}
}

func packed(b []byte) []byte {
	var buffer bytes.Buffer
	z := gzip.NewWriter(&buffer)
	_, _ = z.Write(b)
	_ = z.Close()
	return buffer.Bytes()
}

// A wrong base URL must never look as if everybody had been deleted.
func TestWrongBaseURLIsNotNotFound(t *testing.T) {
	client := serve(t, http.NotFound)
	ctx := t.Context()
	_, e1 := client.Identity(ctx, user)
	_, e2 := client.Identity(ctx, org)
	e3 := client.MergeMetadata(ctx, user, map[string]any{"plan": "pro"})
	_, _, e4 := client.Identities(ctx, lockstep.User, "")
	_, _, e5 := client.Identities(ctx, lockstep.Organization, "")
	for i, err := range []error{e1, e2, e3, e4, e5} {
		if err == nil || errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("%d: %v", i, err)
		}
	}
	// Nor must a listing that Clerk itself does not find.
	client = serve(t, answering(404, refused("resource_not_found")))
	for _, kind := range []lockstep.Kind{lockstep.User, lockstep.Organization} {
		if page, _, err := client.Identities(ctx, kind, ""); err == nil || errors.Is(err, lockstep.ErrNotFound) || page != nil {
			t.Errorf("%s: %v %v", kind, page, err)
		}
	}
}

func TestRefusalTellsWhenToComeBackAndWhoAsked(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(429)
		_, _ = io.WriteString(w, refused("rate_limit_exceeded"))
	})
	err := client.MergeMetadata(t.Context(), org, nil)
	var got *lockstep.UpstreamError
	if !errors.As(err, &got) || got.RetryAfter != 10*time.Minute || got.RequestID != "trace_1" || got.Op != "merge metadata of organization" {
		t.Fatalf("got %+v", got)
	}
}

func TestContextEndsACall(t *testing.T) {
	hang := make(chan struct{})
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	defer close(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := client.Identity(ctx, user)
	var got *lockstep.UpstreamError
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &got) || got.Status != 0 {
		t.Fatalf("got %v", err)
	}
}

func TestAccountsThatCannotBeAskNothing(t *testing.T) {
	calls := 0
	client := serve(t, func(http.ResponseWriter, *http.Request) { calls++ })
	for _, account := range []lockstep.Account{{}, {Kind: lockstep.User}, {Kind: lockstep.User, ID: ".."}, {Kind: "team", ID: "a"}, {Kind: lockstep.User, ID: "a/b"}} {
		_, e1 := client.Identity(t.Context(), account)
		e2 := client.MergeMetadata(t.Context(), account, nil)
		if e1 == nil || e2 == nil || errors.Is(e1, lockstep.ErrNotFound) {
			t.Errorf("%v: %v %v", account, e1, e2)
		}
	}
	if calls != 0 {
		t.Errorf("%d calls", calls)
	}
}
