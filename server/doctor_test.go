package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// doctorOf asks for a diagnosis through the API.
func doctorOf(t *testing.T, handler http.Handler) (d lockstep.Diagnosis) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/doctor", http.NoBody)
	r.Header.Set("Authorization", "Bearer a-key-of-this-test-of-32-characters")
	w := answered(handler, r)
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || w.Code != http.StatusOK {
		t.Errorf("%d %s: %v", w.Code, w.Body, err)
	}
	return d
}

// TestTheAPIDiagnosesOnceAtATime: callers that come while the checks run get their result.
func TestTheAPIDiagnosesOnceAtATime(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	release := make(chan struct{})
	stripe := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/webhook_endpoints" {
			asked.Add(1)
			<-release
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","message":"no"}}`))
	}))
	t.Cleanup(stripe.Close)
	handler := receiver(t, withoutClerk, func(c *server.Config) { c.Stripe.BaseURL = stripe.URL })
	var callers sync.WaitGroup
	for range 5 {
		callers.Go(func() {
			d := doctorOf(t, handler)
			refused := 0
			for _, f := range d.Findings {
				if f.Code == "stripe_key_refused" {
					refused++
				}
			}
			if d.Failures != 1 || refused != 1 {
				t.Errorf("%+v", d)
			}
		})
	}
	for asked.Load() == 0 && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // so that all callers have come
	close(release)
	callers.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("Stripe was asked %d times", n)
	}
	got := healthz(t, handler)
	if len(got.Reason) != 1 || got.Reason[0].Code != "provider_refuses_key" || !strings.Contains(got.Reason[0].Detail, "stripe answers 401") {
		t.Errorf("/healthz does not say that Stripe refuses the key: %+v", got)
	}
}

// TestDiagnoseContinuesWithoutAnything: no key, no store, and a wrong setting are findings, not an end.
func TestDiagnoseContinuesWithoutAnything(t *testing.T) {
	t.Parallel()
	found := server.Diagnose(t.Context(), server.Config{HTTP: server.HTTP{APIKey: "short"}})
	text := ""
	for _, f := range found.Findings {
		text += f.Check + " " + f.Detail + "\n"
	}
	for _, want := range []string{"STRIPE_WEBHOOK_SECRET: it is not set", "LOCKSTEP_API_KEY: the key has 5 characters",
		"mail none is sent", "catalog not checked"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}
