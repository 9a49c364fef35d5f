package server_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

const apiKey = "an-api-key-of-at-least-32-characters"

var subscriber = lockstep.Account{Kind: lockstep.User, ID: "42"}

// subscribed returns a server and its store, in which the subscriber has a plan.
func subscribed(t testing.TB) (*server.Server, lockstep.Store) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "lockstep.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := server.New(server.Config{Store: store, Identities: server.FromAPI, Log: slog.New(slog.DiscardHandler),
		HTTP:   server.HTTP{APIKey: apiKey},
		Stripe: server.Stripe{Key: "sk_test_1", WebhookSecrets: []lockstep.Secret{"whsec_ZXhhbXBsZQ=="}},
		Catalog: lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro"},
			Features: []string{"export", "notes"}, Limits: map[string]int64{"notes": 100}}}}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	item := lockstep.Item{ID: "si_1", PriceID: "price_1", LookupKey: "pro", Quantity: 1, PeriodStart: now,
		PeriodEnd: now.AddDate(0, 1, 0)}
	put(t, store, lockstep.Record{Account: subscriber, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{{
		ID: "sub_1", CustomerID: "cus_1", Status: "active", CreatedAt: now, Items: []lockstep.Item{item}}}})
	return s, store
}

// put writes a record as a run does.
func put(t testing.TB, store lockstep.Store, record lockstep.Record) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := store.Mark(ctx, lockstep.Mark{Key: record.Account.Key()}); err != nil {
		t.Fatal(err)
	}
	claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute})
	if err != nil || len(claims) != 1 {
		t.Fatalf("claimed %v: %v", claims, err)
	}
	if err := store.Save(ctx, claims[0], lockstep.AccountUpdate{Record: record}); err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(ctx, claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkAccess reads the access of an account with one subscription from memory, in process.
func BenchmarkAccess(b *testing.B) {
	s, _ := subscribed(b)
	b.ReportAllocs()
	for b.Loop() {
		if access, err := s.Access(b.Context(), subscriber); err != nil || !access.Active {
			b.Fatal(access, err)
		}
	}
}
