package stripebilling

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

// TestAnswersThatAreErrors asks for a customer and gets each of these.
func TestAnswersThatAreErrors(t *testing.T) {
	stripes := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Request-Id", "req_1")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	refused := func(kind, code string) string {
		return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":"ada@example.com is no good"}}`, kind, code)
	}
	for name, c := range map[string]struct {
		answer   http.HandlerFunc
		status   int
		code     string
		notFound bool
		rejected bool
	}{
		"missing":                     {stripes(404, missing), 404, "resource_missing", true, true},
		"missing parameter":           {stripes(400, missing), 400, "resource_missing", true, true},
		"unknown address, Stripe's":   {stripes(404, refused("invalid_request_error", "")), 0, "invalid_request_error", false, false},
		"404 of a proxy":              {stripes(404, "<html>ada@example.com</html>"), 0, "", false, false},
		"404 of somebody's JSON":      {stripes(404, `{"error":"not found"}`), 0, "", false, false},
		"404 that copies the code":    {stripes(404, `{"error":{"code":"resource_missing"}}`), 0, "", false, false},
		"400 of a proxy":              {stripes(400, "bad"), 0, "", false, false},
		"403 of a proxy":              {stripes(403, "<html>"), 0, "", false, false},
		"502 of a proxy":              {stripes(502, "<html>ada@example.com</html>"), 502, "", false, false},
		"429 of a proxy":              {stripes(429, "slow down"), 429, "", false, false},
		"key is wrong":                {stripes(401, refused("invalid_request_error", "")), 401, "invalid_request_error", false, false},
		"permission":                  {stripes(403, refused("invalid_request_error", "more_permissions_required")), 403, "more_permissions_required", false, false},
		"card":                        {stripes(402, refused("card_error", "card_declined")), 402, "card_declined", false, true},
		"rate limit":                  {stripes(429, refused("invalid_request_error", "rate_limit")), 429, "rate_limit", false, false},
		"lock timeout":                {stripes(429, refused("invalid_request_error", "lock_timeout")), 429, "lock_timeout", false, false},
		"key in use":                  {stripes(409, refused("idempotency_error", "idempotency_key_in_use")), 409, "idempotency_key_in_use", false, false},
		"broken":                      {stripes(500, refused("api_error", "")), 500, "api_error", false, false},
		"code that is a sentence":     {stripes(402, refused("card_error", "ada@example.com, declined")), 402, "card_error", false, true},
		"200 cut short":               {stripes(200, `{"id":"cus_1","email":"ada@exam`), 0, "", false, false},
		"200 cut short by connection": {cut, 0, "", false, false},
		"200 of a proxy":              {stripes(200, "<html>ada@example.com</html>"), 0, "", false, false},
		"200 and nothing":             {stripes(200, ""), 0, "", false, false},
		"200 null":                    {stripes(200, "null"), 0, "", false, false},
		"200 list":                    {stripes(200, "[]"), 0, "", false, false},
		"200 of another service":      {stripes(200, `{"status":"ok"}`), 0, "", false, false},
		"redirect":                    {http.RedirectHandler("/v1/elsewhere", http.StatusFound).ServeHTTP, 0, "", false, false},
		"bomb":                        {bomb, 0, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { calls++; c.answer(w, r) })
			_, err := client.Customer(t.Context(), "cus_1")
			var got *lockstep.UpstreamError
			if !errors.As(err, &got) {
				t.Fatalf("%v is not an UpstreamError", err)
			}
			if got.Provider != "stripe" || got.Op != "read customer" || got.Status != c.status || got.Code != c.code {
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

func plain(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestCauseIsNamed(t *testing.T) {
	for want, answer := range map[string]http.HandlerFunc{
		"too large":               bomb,
		"redirect":                http.RedirectHandler("/v1/elsewhere", http.StatusFound).ServeHTTP,
		"not a whole JSON object": plain(200, "<html>"),
	} {
		client, _ := serve(t, answer)
		if err := client.UpdateCustomer(t.Context(), "cus_1", "", ""); err == nil || !strings.Contains(err.Error(), want) {
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
	if err := client.UpdateCustomer(t.Context(), "cus_1", "", ""); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Fatalf("%v after %d bytes", err, answer.read)
	}
}

// cut promises more than it sends.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"id":"cus_1"`)
}

// bomb is small on the wire and large when unpacked: gzip streams that follow one
// another are one, so that a million zeros need packing but once.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(packed([]byte(`{"id":"cus_1","name":"`)))
	zeros := packed(make([]byte, 1<<20))
	for range 18 {
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

func TestRefusalTellsWhenToComeBackAndWhoAsked(t *testing.T) {
	client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Request-Id", "req_abc")
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(500)
		_, _ = io.WriteString(w, `{"error":{"type":"api_error"}}`)
	})
	err := client.UpdateCustomer(t.Context(), "cus_1", "", "")
	var got *lockstep.UpstreamError
	if !errors.As(err, &got) || got.RetryAfter != 7*time.Second || got.RequestID != "req_abc" || !got.Replayed {
		t.Fatalf("got %+v", got)
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "600": 10 * time.Minute, "-1": 0, "soon": 0, "1e9": 0,
		"99999999": 24 * time.Hour, "99999999999999999999": 0,
		"Mon, 01 Jan 2001 00:00:00 GMT": 0, "Fri, 01 Jan 2199 00:00:00 GMT": 24 * time.Hour,
	} {
		if got := retryAfter(header); got != want {
			t.Errorf("%q is %v, not %v", header, got, want)
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
