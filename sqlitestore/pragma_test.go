package sqlitestore

import (
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestEveryConnectionHasItsPragmas(t *testing.T) {
	t.Parallel()
	path, _ := stored(t)
	for _, c := range []struct {
		name, dsn string
		want      map[string]string
	}{
		{"writer", writerDSN(path, "NORMAL", briefly), map[string]string{"journal_mode": "wal", "synchronous": "1",
			"foreign_keys": "1", "busy_timeout": "10", "query_only": "0", "temp_store": "2", "wal_autocheckpoint": "8000"}},
		{"writer without a journal", writerDSN(path, "FULL", patience), map[string]string{"journal_mode": "wal",
			"synchronous": "2", "foreign_keys": "1", "busy_timeout": "15000", "query_only": "0"}},
		{"checkpoints", checkpointDSN(path), map[string]string{"journal_mode": "wal", "synchronous": "2",
			"wal_autocheckpoint": "0"}},
		{"reader", readerDSN(path), map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
			"busy_timeout": "10", "query_only": "1"}},
	} {
		db := openRaw(t, c.dsn)
		for pragma, want := range c.want {
			var got string
			if err := db.QueryRow("pragma " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s is %q (%v), want %q", c.name, pragma, got, err, want)
			}
		}
	}
	if !strings.HasPrefix(strings.Split(writerDSN(path, "NORMAL", briefly), "_pragma=")[1], "busy_timeout") {
		t.Error("busy_timeout is not the first pragma")
	}
}

func TestConnectionThatWouldLoseEventsIsRefused(t *testing.T) {
	t.Parallel()
	for pragmas, want := range map[string]string{
		"_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)":     "synchronous is 0",
		"_pragma=journal_mode(DELETE)&_pragma=synchronous(FULL)": `journal_mode is "delete"`,
	} {
		path := filepath.Join(t.TempDir(), "lockstep.db")
		err := prepare(t.Context(), openRaw(t, fmt.Sprintf("file:%s?%s", path, pragmas)), false, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", pragmas, err, want)
		}
	}
}

func TestTablesAreStrict(t *testing.T) {
	t.Parallel()
	path, _ := stored(t)
	rows, err := openRaw(t, readerDSN(path)).Query(
		"select name from pragma_table_list where type = 'table' and not strict and name not like 'sqlite_%' and name <> 'goose_db_version'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		t.Errorf("table %s is not strict", name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// stored creates a database with a store, which is closed after the test.
func stored(t *testing.T) (path string, store lockstep.Store) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "lockstep.db")
	store, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	return path, store
}

func openRaw(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, db)
	return db
}

func closeAfter(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}
