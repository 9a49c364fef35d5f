package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// condition is an answer of /healthz.
type condition struct {
	status int
	Status string `json:"status"`
	Reason []struct{ Code, Detail string }
}

func healthz(t *testing.T, handler http.Handler) (c condition) {
	t.Helper()
	w := answered(handler, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", http.NoBody))
	var body struct {
		Status  string                          `json:"status"`
		Reasons []struct{ Code, Detail string } `json:"reasons"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return condition{w.Code, body.Status, body.Reasons}
}

// withoutClerk has nothing to compare with a provider that is not there.
func withoutClerk(c *server.Config) { c.Identities, c.Clerk = server.FromAPI, server.Clerk{} }

func TestAServiceWithoutTroubleIsOK(t *testing.T) {
	t.Parallel()
	got := healthz(t, receiver(t, withoutClerk))
	if got.status != http.StatusOK || got.Status != "ok" || len(got.Reason) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestADegradedServiceStaysReady: what needs an operator does not take the process out of a load balancer, and
// the public answer names nobody.
func TestADegradedServiceStaysReady(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	handler := receiver(t, withoutClerk, func(c *server.Config) { c.Store = store })
	event := stripeEvent("evt_1", "invoice.paid")
	answered(handler, delivered(t, lockstep.Stripe, server.DefaultStripePath, "evt_1", event))
	park(t, store)
	got := healthz(t, handler)
	if got.status != http.StatusOK || got.Status != "degraded" {
		t.Errorf("%+v", got)
	}
	var codes []string
	for _, r := range got.Reason {
		codes = append(codes, r.Code)
		if r.Detail == "" || strings.Contains(r.Detail, "cus_1") || strings.Contains(r.Detail, "evt_1") {
			t.Errorf("%s: %q", r.Code, r.Detail)
		}
	}
	if !slices.Equal(codes, []string{"payment_parked", "work_parked"}) {
		t.Errorf("reasons: %v", codes)
	}
}

// park parks what is due.
func park(t *testing.T, store lockstep.Store) {
	t.Helper()
	var claims []lockstep.Claim
	for len(claims) == 0 && t.Context().Err() == nil {
		var err error
		claims, err = store.Claim(t.Context(),
			lockstep.ClaimRequest{Limit: 10, Lease: time.Minute, MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, claim := range claims {
		if err := store.Finish(context.WithoutCancel(t.Context()), claim,
			lockstep.Outcome{Disposition: lockstep.Parked, Reason: "no account"}); err != nil {
			t.Fatal(err)
		}
	}
}
