package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// moving fills a database with several batches of rows.
const moving = `
insert into accounts (kind, id, state, email, name, identity_updated_at, customer_email, customer_name,
	customer_deleted, customer_generation,
	intent_email, intent_name, intent_at, entitled_by, created_at, updated_at)
	with n(n) as (select 1 union all select n + 1 from n where n < 50)
	select 'user', 'user_' || n, 'active', n || '@example.com', '', 0, '', '', 0, 0, '', '', 0, '', n, n from n;
insert into licenses (id, account_kind, account_id, payment_id, amount, currency, status, created_at,
	refunded_amount, paid_at)
	select 'cs_' || id, kind, id, 'pi_' || id, 100, 'usd', 'active', 1, 0, 1 from accounts;
insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
	generation, status, reason, body)
	with n(n) as (select 1 union all select n + 1 from n where n < 2500)
	select 'stripe', 'evt_' || n, 'invoice.paid', 'webhook', '', '', '', n, 1700000000000 + n, 0, 'done', '',
		cast('{"n":' || n || '}' as blob) from n;
`

// holdAt makes the insert of an event wait for the advisory lock 42.
const holdAt = `
create function hold() returns trigger language plpgsql as $$
	begin perform pg_advisory_xact_lock(42); return new; end $$;
create trigger hold before insert on events for each row when (new.seq = 2201) execute function hold();
`

// `lockstep migrate` is killed with -9 at several points: the next run continues, and at the end every row is
// there once.
func TestAMoveThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	path, url := sqlitetest.Path(t), pgtest.Empty(t)
	source, err := sqlitestore.OpenDB(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := source.Exec(moving); err != nil {
		t.Fatal(err)
	}
	holder, target := connected(t, url), connected(t, url)
	run := func(statements string) {
		t.Helper()
		if _, err := holder.Exec(t.Context(), statements, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", statements, err)
		}
	}
	value := func(of string) (value string) {
		t.Helper()
		if err := target.QueryRow(t.Context(), "select cast(("+of+") as text)").Scan(&value); err != nil {
			t.Fatalf("%s: %v", of, err)
		}
		return value
	}
	run(holdAt)
	const its = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'migrate'"
	waits := func(what string, so func() bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("timed out waiting for %s", what)
			}
		}
	}
	for _, at := range []struct{ point, hold, after string }{
		{"before it has claimed the target", "lock table events in share row exclusive mode",
			"select count(*) from accounts having count(*) = 0"},
		{"between two tables", "lock table licenses in exclusive mode", "select count(*) from accounts having count(*) = 50"},
		{"within a batch", "select pg_advisory_xact_lock(42)", "select count(*) from events having count(*) = 2000"},
		{"comparing", "lock table accounts in access exclusive mode", "select count(*) from events having count(*) = 2500"},
		{"before it has finished", "lock table transfer in share mode", "select count(*) from transfer where not finished"},
	} {
		run("begin; " + at.hold)
		move, said := migrating(path, url+"?application_name=migrate")
		if err := move.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- move.Wait() }()
		waits(at.point, func() bool {
			select {
			case err := <-ended:
				t.Fatalf("%s: it ended: %v %s", at.point, err, said)
			default:
			}
			return value(its+" and wait_event_type = 'Lock'") != "0"
		})
		if err := move.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = <-ended //nolint:staticcheck // the error says that it was killed
		run("rollback")
		waits("its connections to end", func() bool { return value(its) == "0" })
		if value("coalesce(("+at.after+"), -1)") == "-1" {
			t.Errorf("%s: it was somewhere else", at.point)
		}
		if _, err := source.Exec("update accounts set name = 'x'"); err == nil {
			t.Errorf("%s: the file can be written", at.point)
		}
	}
	if store, err := pgstore.Open(t.Context(), url); err == nil {
		_ = store.Close()
		t.Error("half moved, and opened")
	}
	run("drop trigger hold on events; drop function hold")
	move, said := migrating(path, url)
	if err := move.Run(); err != nil || !strings.Contains(said.String(), "Moved.") {
		t.Fatalf("the last: %v %s", err, said)
	}
	var want string
	if err := source.QueryRow(`select (select count(*) || ' ' || sum(updated_at) from accounts) || ' ' || (select count(*) || ' ' || count(distinct payment_id) from licenses)
		|| ' ' || (select count(*) || ' ' || sum(seq) || ' ' || count(distinct id) || ' ' || sum(length(body))
			from events)`).Scan(&want); err != nil {
		t.Fatal(err)
	}
	if has := value(`select (select count(*) || ' ' || sum(updated_at) from accounts) || ' ' || (select count(*) || ' ' || count(distinct payment_id) from licenses)
		|| ' ' || (select count(*) || ' ' || sum(e.seq) || ' ' || count(distinct id) || ' ' || sum(length(b.body))
			from events e join event_bodies b on b.seq = e.seq)`); has != want {
		t.Errorf("there is %s, and was %s", has, want)
	}
	store, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// connected returns a connection to a database with the newest schema.
func connected(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgstore.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// migrating is a running `lockstep migrate`.
func migrating(path, url string) (move *exec.Cmd, said *bytes.Buffer) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	said = &bytes.Buffer{}
	move = &exec.Cmd{Path: self, Args: []string{"lockstep", "migrate", "--from=sqlite:" + path, "--to=" + url},
		Stdout: said, Stderr: said}
	return move, said
}
