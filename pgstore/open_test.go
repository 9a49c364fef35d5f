package pgstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/pgstore"
)

func query(t *testing.T, url, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var text string
	if err := conn.QueryRow(t.Context(), statement).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestProcessesOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	for range 3 {
		url := pgtest.Empty(t)
		var group errgroup.Group
		for range 4 {
			group.Go(func() error {
				store, err := pgstore.Open(t.Context(), url)
				if err != nil {
					return err
				}
				return errors.Join(store.Ping(t.Context()), store.Close())
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if n := query(t, url, "select cast(count(*) - count(distinct version_id) as text) from goose_db_version"); n != "0" {
			t.Errorf("%s migrations ran twice", n)
		}
	}
}

func TestServersThatWouldLoseEventsAreRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	for setting, want := range map[string]string{
		"synchronous_commit=off": "synchronous_commit is off",
	} {
		_, err := pgstore.Open(t.Context(), url+"?"+setting)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", setting, err, want)
		}
	}
	cluster := pgtest.Own(t, "fsync=off")
	if _, err := pgstore.Open(t.Context(), cluster.URL("postgres")); err == nil ||
		!strings.Contains(err.Error(), "fsync off") {
		t.Errorf("fsync=off: got %v", err)
	}
	if err := cluster.Exec("postgres", "create database latin encoding 'latin1' locale 'C' template template0"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Restart("fsync=on"); err != nil {
		t.Fatal(err)
	}
	if _, err := pgstore.Open(t.Context(), cluster.URL("latin")); err == nil ||
		!strings.Contains(err.Error(), "encoding is LATIN1") {
		t.Errorf("latin1: got %v", err)
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	store, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	query(t, url, "insert into goose_db_version (version_id, is_applied) values (9999, true) returning 'done'")
	if _, err := pgstore.Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "schema is version 9999") {
		t.Errorf("got %v", err)
	}
}

func TestAnErrorShowsNoPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://lockstep:hunter2@127.0.0.1:1/x?connect_timeout=1",
		"postgres://lockstep:hunter2@127.0.0.1:port/x",
		"postgres://lockstep:hunter2@[::1/x",
		"host=127.0.0.1 password=hunter2 port=no",
	} {
		_, err := pgstore.Open(t.Context(), url)
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "hunter2") {
			t.Errorf("%v", err)
		}
	}
	if _, err := pgstore.Open(t.Context(), "postgres://127.0.0.1/x", pgstore.Connections(1)); err == nil ||
		!strings.Contains(err.Error(), "1 is too few") {
		t.Errorf("got %v", err)
	}
}

// A connection to a server that has become a standby, after a switch-over or behind a proxy, is not
// used again.
func TestAReadOnlyConnectionIsClosed(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	first, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	name := query(t, url, "select current_database()")
	set := func(what string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), pgtest.Server(t))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		if _, err := conn.Exec(t.Context(), "alter database "+name+" "+what); err != nil {
			t.Fatal(err)
		}
	}
	set("set default_transaction_read_only = on") // new sessions cannot write
	store, err := pgstore.Open(t.Context(), url, pgstore.Connections(2))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if err := store.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "25006") {
		t.Fatalf("a session that cannot write: %v", err)
	}
	set("reset default_transaction_read_only")
	for range 2 { // old connections may still be read-only
		if err = store.Ping(t.Context()); err == nil {
			return
		}
	}
	t.Errorf("connections that cannot write are kept: %v", err)
}
