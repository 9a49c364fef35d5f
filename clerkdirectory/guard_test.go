package clerkdirectory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

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

// TestErrorsOfClerk reads a user. The tests of package upstream cover answers that are not
// Clerk's.
func TestErrorsOfClerk(t *testing.T) {
	const missing, rejected, other = "missing", "rejected", "" // what callers make of it
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
		kind   string
	}{
		"missing": {answering(404, refused("resource_not_found")), "status 404 resource_not_found (trace_1)",
			missing},
		"404 of somebody's JSON": {answering(404, `{"error":"not found"}`), "the answer is not Clerk's, status 404", other},
		"404 of somebody's list": {answering(404, `{"errors":["not found"]}`), "the answer is not Clerk's, status 404",
			other},
		"404 with empty list": {answering(404, `{"errors":[]}`), "the answer is not Clerk's, status 404", other},
		"404 of another code": {answering(404, refused("route_not_found")),
			"route_not_found (trace_1): no such URL, status 404", other},
		"401": {answering(401, refused("authentication_invalid")),
			"status 401 authentication_invalid (trace_1)", other},
		"422": {answering(422, refused("form_param_unknown")), "status 422 form_param_unknown (trace_1)",
			rejected},
		"two errors": {answering(422, `{"errors":[{"code":"first"},{"code":"second"}]}`), "status 422 first",
			rejected},
		"429": {answering(429, refused("too_many_requests")), "status 429 too_many_requests (trace_1)",
			other},
		"500": {answering(500, refused("internal_clerk_error")),
			"status 500 internal_clerk_error (trace_1)", other},
		"502 of a proxy": {answering(502, "<html>ada@example.com</html>"), "status 502", other},
		"code that is a sentence": {answering(422, refused("ada@example.com exists")),
			"(trace_1): the answer is not Clerk's, status 422", other},
		"200 cut short": {answering(200, `{"id":"user_1","email_addr`), "the answer is not complete JSON", other},
		"200 null":      {answering(200, "null"), "the answer is about another account", other},
		"200 list":      {answering(200, "[]"), "the answer is about another account", other},
		"somebody else": {answering(200, `{"id":"user_2"}`),
			"the answer is about another account", other},
		"200 beyond the limit": {answering(200, strings.Repeat(" ", answerLimit)+"{}"), "the answer is too large", other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := serve(t, c.answer).Identity(t.Context(), user)
			var e *lockstep.UpstreamError
			if !errors.As(err, &e) || e.Provider != "clerk" || e.Op != "read user" {
				t.Fatalf("got %v", err)
			}
			if text := strings.TrimLeft(strings.TrimPrefix(err.Error(), "clerk: read user"), ": "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
			kind := other
			if errors.Is(err, lockstep.ErrNotFound) {
				kind = missing
			} else if e.Rejected() {
				kind = rejected
			}
			if kind != c.kind {
				t.Errorf("it is %q, not %q", kind, c.kind)
			}
		})
	}
}

// The trace id in the header takes precedence over the one in the body.
func TestTraceIDOfTheHeader(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Clerk-Trace-Id", "trace_0")
		w.WriteHeader(429)
		_, _ = io.WriteString(w, refused("rate_limit_exceeded"))
	})
	err := client.MergeMetadata(t.Context(), org, nil)
	if want := "clerk: merge metadata of organization: status 429 rate_limit_exceeded (trace_0)"; err == nil ||
		err.Error() != want {
		t.Fatalf("got %v", err)
	}
}

// A wrong base URL must never look as if all users had been deleted.
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
	// The same goes for a list that Clerk itself does not find.
	client = serve(t, answering(404, refused("resource_not_found")))
	for _, kind := range []lockstep.Kind{lockstep.User, lockstep.Organization} {
		if page, _, err := client.Identities(ctx, kind, ""); err == nil || errors.Is(err, lockstep.ErrNotFound) ||
			page != nil {
			t.Errorf("%s: %v %v", kind, page, err)
		}
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	var got *lockstep.UpstreamError
	if _, err := client.Identity(ctx, user); !errors.Is(err, context.Canceled) || !errors.As(err, &got) ||
		got.Status != 0 {
		t.Fatalf("got %v", err)
	}
}

func TestAccountsThatCannotBeAskNothing(t *testing.T) {
	calls := 0
	client := serve(t, func(http.ResponseWriter, *http.Request) { calls++ })
	for _, account := range []lockstep.Account{{}, {Kind: lockstep.User}, {Kind: lockstep.User, ID: ".."},
		{Kind: "team", ID: "a"}, {Kind: lockstep.User, ID: "a/b"}} {
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
