package pgstore_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// batches stores this many batches of typical deliveries: 5 KB each, of different customers.
func batches(t *testing.T, store lockstep.Store, many int) {
	t.Helper()
	for n := range many {
		deliveries := make([]lockstep.Delivery, 40)
		for i := range deliveries {
			id := fmt.Sprintf("%d_%d", n, i)
			var body strings.Builder
			for line := range 100 {
				sum := sha256.Sum256([]byte{byte(line)})
				fmt.Fprintf(&body, "      \"a_member_of_its_object_%d\": \"%x\",\n", line%40, sum[:8])
			}
			deliveries[i] = lockstep.Delivery{
				Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_" + id, Type: "customer.subscription.updated",
					Origin: lockstep.Delivered, Body: []byte(body.String())},
				Mark: &lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_" + id},
					Scope: lockstep.ScopeSubscriptions}}
		}
		if _, err := store.Receive(t.Context(), deliveries); err != nil {
			t.Fatal(err)
		}
	}
}

// A connection keeps the plan of a statement. A plan made while a table was small must not read the
// whole table when it is large.
func TestNoStatementReadsAWholeGrowingTable(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	store := open(t, url)
	batches(t, store, 12)                 // a statement's plan is kept from the sixth time on
	if err := store.Close(); err != nil { // a connection reports its statistics when it ends
		t.Fatal(err)
	}
	for _, table := range []string{"events", "work"} {
		var read string
		for read = "-1"; read == "-1"; {
			read = query(t, url, `select cast(case when seq_scan + idx_scan = 0 then -1 else seq_tup_read end as text) from pg_stat_user_tables where relname = '`+table+`'`)
		}
		if read != "0" {
			t.Errorf("%s rows of %s were read to find some", read, table)
		}
	}
}

// Bodies of the usual size are compressed and stored in their table, not in its TOAST table.
func TestBodiesAreCompressedInTheirTable(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	batches(t, open(t, url), 2)
	const tables = "select reltoastrelid from pg_class where relname like 'event_bodies_%' and relkind = 'r'"
	if beside := query(t, url, "select cast(sum(pg_relation_size(oid)) as text) from pg_class where oid in ("+tables+")"); beside != "0" {
		t.Errorf("%s bytes of bodies stand beside their table", beside)
	}
	if sizes := query(t, url, "select cast(bool_and(pg_column_size(body) between 1500 and 2800) as text) from event_bodies"); sizes != "true" {
		t.Errorf("bodies are not compressed, or more than real ones are: they take up to %s bytes",
			query(t, url, "select cast(max(pg_column_size(body)) as text) from event_bodies"))
	}
}

// A caller whose context ends does not wait for the database any longer.
func TestAReceiveThatHangsEndsWithItsContext(t *testing.T) {
	t.Parallel()
	url := fresh(t)
	store := open(t, url)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	holder, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback(t.Context()) }()
	if _, err := holder.Exec(t.Context(), "lock table events in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	received := make(chan error)
	go func() {
		_, err := store.Receive(ctx, []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1",
			Type: "a"}}})
		received <- err
	}()
	for waiting := "0"; waiting == "0"; {
		waiting = query(t, url, "select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
	}
	giveUp()
	if err := <-received; err == nil {
		t.Error("it was stored although the table was locked")
	}
}
