package stripebilling

import (
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

// TestAnswersThatAreErrors reads a customer and gets each of these answers. The tests of
// package upstream cover answers that are not Stripe's.
func TestAnswersThatAreErrors(t *testing.T) {
	refused := func(kind, code string) string {
		return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":"ada@example.com is no good"}}`, kind, code)
	}
	for name, c := range map[string]struct {
		status   int
		body     string
		want     string
		notFound bool
		rejected bool
	}{
		"missing":           {404, missing, "status 404 resource_missing (req_1)", true, true},
		"missing parameter": {400, missing, "status 400 resource_missing (req_1)", true, true},
		"unknown address, Stripe's": {404, refused("invalid_request_error", ""),
			"invalid_request_error (req_1): no such URL, status 404", false, false},
		"404 of somebody's JSON": {404, `{"error":"not found"}`, "(req_1): the answer is not Stripe's, status 404", false,
			false},
		"404 that copies the code": {404, `{"error":{"code":"resource_missing"}}`,
			"(req_1): the answer is not Stripe's, status 404", false, false},
		"key is wrong": {401, refused("invalid_request_error", ""), "status 401 invalid_request_error (req_1)",
			false, false},
		"permission": {403, refused("invalid_request_error", "more_permissions_required"),
			"status 403 more_permissions_required (req_1)", false, false},
		"card": {402, refused("card_error", "card_declined"), "status 402 card_declined (req_1)", false,
			true},
		"rate limit": {429, refused("invalid_request_error", "rate_limit"), "status 429 rate_limit (req_1)",
			false, false},
		"lock timeout": {429, refused("invalid_request_error", "lock_timeout"),
			"status 429 lock_timeout (req_1)", false, false},
		"key in use": {409, refused("idempotency_error", "idempotency_key_in_use"),
			"status 409 idempotency_key_in_use (req_1)", false, false},
		"key of another request": {400, refused("idempotency_error", ""), "status 400 idempotency_error (req_1)", false,
			false},
		"broken":         {500, refused("api_error", ""), "status 500 api_error (req_1)", false, false},
		"502 of a proxy": {502, "<html>ada@example.com</html>", "status 502 (req_1)", false, false},
		"code that is a sentence": {402, refused("card_error", "ada@example.com, declined"),
			"status 402 card_error (req_1)", false, true},
		"200 list":               {200, "[]", "(req_1): the answer is not a complete JSON object", false, false},
		"200 of another service": {200, `{"status":"ok"}`, "the answer has no id", false, false},
		"200 beyond the limit": {200, strings.Repeat(" ", answerLimit) + "{}", "(req_1): the answer is too large",
			false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.Header().Set("Request-Id", "req_1")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			_, err := client.Customer(t.Context(), "cus_1")
			var got *lockstep.UpstreamError
			if !errors.As(err, &got) {
				t.Fatalf("%v is not an UpstreamError", err)
			}
			if text, ok := strings.CutPrefix(got.Error(), "stripe: read customer"); !ok ||
				strings.TrimLeft(text, ": ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if errors.Is(err, lockstep.ErrNotFound) != c.notFound || got.Rejected() != c.rejected || calls != 1 {
				t.Errorf("not found %v, rejected %v, %d calls", errors.Is(err, lockstep.ErrNotFound), got.Rejected(), calls)
			}
		})
	}
}

func TestReplayedAnswerSaysSo(t *testing.T) {
	for header, want := range map[string]bool{"true": true, "false": false, "": false} {
		client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Idempotent-Replayed", header)
			w.WriteHeader(500)
			_, _ = io.WriteString(w, `{"error":{"type":"api_error"}}`)
		})
		err := client.UpdateCustomer(t.Context(), "cus_1", lockstep.CustomerDetails{})
		var got *lockstep.UpstreamError
		if !errors.As(err, &got) || got.Replayed != want {
			t.Errorf("%q: got %+v", header, got)
		}
	}
}

func TestContextEndsACall(t *testing.T) {
	hang := make(chan struct{})
	client, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	defer close(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := client.Customer(ctx, "cus_1")
	var got *lockstep.UpstreamError
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &got) || got.Status != 0 {
		t.Fatalf("got %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := client.Subscriptions(ctx, "cus_1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	client, err := New(Config{Key: testKey, BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Product(t.Context(), "prod_1")
	var got *lockstep.UpstreamError
	if !errors.As(err, &got) || got.Status != 0 || got.Err == nil || errors.Is(err, lockstep.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
}
