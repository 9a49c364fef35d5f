package server_test

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// A server wakes all keys that wait for a new account, even if they are too many for one transaction.
func TestAServerWakesManyWaitingKeys(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	const numbers = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 1200) "
	for _, statement := range []string{
		numbers + "insert into work (key, scope, priority, generation, done_generation, run_at, disposition) select 'stranger/' || i, 0, 1, 1, 1, 1, 'parked' from n",
		numbers + "insert into work_waits (key, waits_for) select 'stranger/' || i, 'user/ada' from n",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := server.New(server.Config{Store: store, Identities: server.FromAPI,
			HTTP: server.HTTP{APIKey: "a-key-of-this-test-of-32-characters"}, Log: slog.New(slog.DiscardHandler),
			Stripe: server.Stripe{Key: "sk_test_1", BaseURL: "http://127.0.0.1:1",
				WebhookSecrets: []lockstep.Secret{"whsec_1"}}})
		if err != nil {
			t.Fatal(err)
		}
		ada := lockstep.Account{Kind: lockstep.User, ID: "ada"}
		if err := store.Mark(t.Context(), lockstep.Mark{Key: ada.Key(), Priority: lockstep.Interactive}); err != nil {
			t.Fatal(err)
		}
		claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
			MaxPriority: lockstep.Interactive})
		if err != nil || len(claims) != 1 {
			t.Fatal(claims, err)
		}
		if err := store.Save(t.Context(), claims[0], lockstep.AccountUpdate{
			Record: lockstep.Record{Account: ada}}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		time.Sleep(10 * time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if waiting, err := store.WaitingFor(t.Context(), ada.Key()); err != nil || len(waiting) > 0 {
			t.Errorf("%d keys wait, %v", len(waiting), err)
		}
		if work, err := store.Work(t.Context(), ada.Key().Wake()); err != nil || work.Pending() ||
			work.Disposition != lockstep.Done {
			t.Errorf("the wake is %+v, %v", work, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
