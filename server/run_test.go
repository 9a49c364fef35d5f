package server_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// absent is a store whose database is unreachable at first.
type absent struct {
	lockstep.Store
	until time.Time
	asked atomic.Int64
}

func (a *absent) Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error) {
	a.asked.Add(1)
	if time.Now().Before(a.until) {
		return lockstep.Work{}, errors.New("connection refused")
	}
	return a.Store.Work(ctx, key)
}

// A process keeps running if the database is unreachable when it starts.
func TestRunWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		away := &absent{Store: store, until: time.Now().Add(time.Minute)}
		s, err := server.New(server.Config{Store: away, Identities: server.FromAPI,
			HTTP: server.HTTP{APIKey: "run-api-key-0123456789-0123456789"}, Log: slog.New(slog.DiscardHandler),
			Sync: server.Sync{Workers: server.Workers{Poll: time.Hour}}, Stripe: server.Stripe{Key: "sk_test_1", BaseURL: "http://127.0.0.1:1",
				WebhookSecrets: []lockstep.Secret{"whsec_1"}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		time.Sleep(2 * time.Minute)
		select {
		case err := <-ended:
			t.Fatalf("it ended with: %v", err)
		default:
		}
		if page, err := store.Backlog(t.Context(), 10); err != nil || len(page) == 0 || away.asked.Load() < 10 {
			t.Errorf("asked %d times; no sweep was started: %v, %v", away.asked.Load(), page, err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
