package pgstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep"
)

// A customer that is linked while its run parks keeps a mark, so its events move to the account.
func TestAParkDuringALinkMovesTheEvents(t *testing.T) {
	t.Parallel()
	url := fresh(t)
	store, ctx := open(t, url), t.Context()
	ada := lockstep.Account{Kind: lockstep.User, ID: "user_ada"}
	customer := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
	claim := func() lockstep.Claim {
		t.Helper()
		claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute, MaxPriority: lockstep.Background})
		if err != nil || len(claims) != 1 {
			t.Fatal(claims, err)
		}
		return claims[0]
	}
	if err := store.Mark(ctx, lockstep.Mark{Key: ada.Key()}); err != nil {
		t.Fatal(err)
	}
	adas := claim()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	holder, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(ctx, "select 1 from change_count for update"); err != nil {
		t.Fatal(err)
	}
	waiting := func(n string) {
		for got := ""; got != n; {
			got = query(t, url, "select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
		}
	}
	saved := make(chan error, 1)
	go func() {
		saved <- store.Save(ctx, adas, lockstep.AccountUpdate{Record: lockstep.Record{Account: ada, CustomerID: "cus_1"}})
	}()
	waiting("1")
	if _, err := store.Receive(ctx, []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1"},
		Mark: &lockstep.Mark{Key: customer}}}); err != nil {
		t.Fatal(err)
	}
	c := claim()
	parked := make(chan error, 1)
	go func() {
		parked <- store.Finish(ctx, c, lockstep.Outcome{Disposition: lockstep.Parked, Reason: "unknown", WaitsFor: []lockstep.Key{ada.Key(), customer}})
	}()
	waiting("2")
	if err := holder.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-saved, <-parked); err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(ctx, adas, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 5, Lease: time.Minute, MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range claims {
			if err := store.Finish(ctx, c, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := query(t, url, "select key || ' ' || status from events"); got != "user/user_ada done" {
		t.Error(got)
	}
}
