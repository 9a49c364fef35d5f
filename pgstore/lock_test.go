package pgstore_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep"
)

// A run that started to write before its lease ended commits before another run takes its key.
// Otherwise both would write.
func TestAKeyIsNotTakenFromARunThatWrites(t *testing.T) {
	t.Parallel()
	url := fresh(t)
	store, ctx := open(t, url), t.Context()
	ada := lockstep.Account{Kind: lockstep.User, ID: "user_ada"}
	claim := func(lease time.Duration) []lockstep.Claim {
		t.Helper()
		claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: lease, MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
		return claims
	}
	mark := func() {
		t.Helper()
		if err := store.Mark(ctx, lockstep.Mark{Key: ada.Key()}); err != nil {
			t.Fatal(err)
		}
	}
	mark()
	first := claim(time.Minute)[0]
	if err := store.Save(ctx, first, lockstep.AccountUpdate{Record: lockstep.Record{Account: ada}}); err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(ctx, first, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
	mark()
	late := claim(0)[0]

	// A transaction holds the account's row, so the write waits with its key's row locked.
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	holder, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(ctx, "select 1 from accounts for update"); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error)
	go func() {
		saved <- store.Save(ctx, late, lockstep.AccountUpdate{Record: lockstep.Record{Account: ada, Name: "Ada"}})
	}()
	for waiting := "0"; waiting == "0"; {
		waiting = query(t, url, "select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
	}
	if claims := claim(time.Minute); len(claims) > 0 {
		t.Errorf("the key was taken from a run that writes: %+v", claims)
	}
	if err := holder.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-saved; err != nil {
		t.Error(err)
	}
	if len(claim(time.Minute)) != 1 {
		t.Error("the key cannot be taken after the write")
	}
}

// A key is not taken from a run that is settling its events. Otherwise a run would settle them and
// then learn that it had lost the key.
func TestAKeyIsNotTakenFromARunThatEnds(t *testing.T) {
	t.Parallel()
	url := fresh(t)
	store, ctx := open(t, url), t.Context()
	ada := lockstep.Account{Kind: lockstep.User, ID: "user_ada"}
	_, err := store.Receive(ctx, []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1"},
		Mark: &lockstep.Mark{Key: ada.Key()}}})
	if err != nil {
		t.Fatal(err)
	}
	claim := func() []lockstep.Claim {
		t.Helper()
		claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: 0, MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
		return claims
	}
	late := claim()[0]
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	holder, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(ctx, "select 1 from events for update"); err != nil {
		t.Fatal(err)
	}
	finished := make(chan error)
	go func() { finished <- store.Finish(ctx, late, lockstep.Outcome{Disposition: lockstep.Done}) }()
	for waiting := "0"; waiting == "0"; {
		waiting = query(t, url, "select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
	}
	if claims := claim(); len(claims) > 0 {
		t.Errorf("the key was taken from a run that ends: %+v", claims)
	}
	if err := holder.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-finished; err != nil {
		t.Error(err)
	}
}

// An event about a customer that is being linked moves to the account, or gets its own run. It is
// not left under a key that is not pending.
func TestAnEventIsNotLeftBehindByALink(t *testing.T) {
	t.Parallel()
	url := fresh(t)
	store, ctx := open(t, url), t.Context()
	ada := lockstep.Account{Kind: lockstep.User, ID: "user_ada"}
	customer := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
	_, err := store.Receive(ctx, []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1"},
		Mark: &lockstep.Mark{Key: customer, Delay: time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Mark(ctx, lockstep.Mark{Key: ada.Key()}); err != nil {
		t.Fatal(err)
	}
	claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute, MaxPriority: lockstep.Background})
	if err != nil || len(claims) != 1 {
		t.Fatal(claims, err)
	}

	// Another process receives a second event, and has not committed yet.
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	other, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`update work set generation = generation + 1 where key = 'customer/cus_1'`,
		`insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key, generation, status, reason)
			values ('stripe', 'evt_2', '', 'webhook', '', 'cus_1', '', 0, 0, 'customer/cus_1', 2, 'pending', '')`,
	} {
		if _, err := other.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	saved := make(chan error)
	go func() {
		saved <- store.Save(ctx, claims[0], lockstep.AccountUpdate{Record: lockstep.Record{Account: ada,
			CustomerID: "cus_1"}})
	}()
	for waiting := "0"; waiting == "0"; {
		waiting = query(t, url, "select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
	}
	if err := other.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-saved; err != nil {
		t.Fatal(err)
	}
	left := query(t, url, `select cast(count(*) as text) from events e join work w on w.key = e.key where e.status = 'pending' and w.generation = w.done_generation`)
	if left != "0" {
		t.Errorf("%s events are pending under keys that are not", left)
	}
}

// A key is not taken while a delivery for it is being stored, even if its mark adds nothing to the
// pending work: the run would look before the event was there, and settle it with the others.
func TestAKeyIsNotTakenFromADeliveryWhoseMarkAddsNothing(t *testing.T) {
	t.Parallel()
	url := fresh(t)
	store, ctx := open(t, url), t.Context()
	ada := lockstep.Account{Kind: lockstep.User, ID: "user_ada"}
	delivery := func(id string) []lockstep.Delivery {
		return []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: id},
			Mark: &lockstep.Mark{Key: ada.Key()}}}
	}
	if _, err := store.Receive(ctx, delivery("evt_1")); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	holder, err := conn.Begin(ctx) // stores the same event, so that the delivery waits
	if err != nil {
		t.Fatal(err)
	}
	_, err = holder.Exec(ctx, `
insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
	generation, status, reason)
values ('stripe', 'evt_2', '', '', '', '', '', 0, 0, 0, 'ignored', '')`)
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan error)
	go func() {
		_, err := store.Receive(ctx, delivery("evt_2"))
		received <- err
	}()
	for waiting := "0"; waiting == "0"; {
		waiting = query(t, url, "select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
	}
	claim := func() []lockstep.Claim {
		t.Helper()
		claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute, MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
		return claims
	}
	if claims := claim(); len(claims) > 0 {
		t.Errorf("the key was taken before the event was stored: %+v", claims)
	}
	if err := holder.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-received; err != nil {
		t.Fatal(err)
	}
	claims := claim()
	if len(claims) != 1 || claims[0].Generation != 1 {
		t.Fatalf("claimed are %+v", claims)
	}
	if err := store.Finish(ctx, claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
	if open := query(t, url, "select cast(count(*) as text) from events where status <> 'done'"); open != "0" {
		t.Errorf("%s events are not settled", open)
	}
}
