package sqlitestore_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestTheStoreDescribesItsDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var reads errgroup.Group
	for range 50 { // until the store keeps every connection that it may have
		reads.Go(func() error {
			_, err := store.Backlog(t.Context(), 10)
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		t.Fatal(err)
	}
	facts, err := store.(lockstep.Inspected).Inspect(t.Context())
	if err != nil || facts.Engine != "SQLite" || facts.Version == "" || facts.Schema == 0 || facts.Schema != facts.Program ||
		facts.Durability["journal_mode"] != "wal" || len(facts.Exposed) > 0 || facts.Standbys >= 0 {
		t.Errorf("%+v %v", facts, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if store, err = sqlitestore.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	facts, err = store.(lockstep.Inspected).Inspect(t.Context())
	if err != nil || len(facts.Exposed) == 0 || facts.Exposed[0] != (lockstep.ExposedFile{Path: path, Mode: "0644"}) {
		t.Errorf("%+v %v", facts.Exposed, err)
	}
}

// TestAsItIsChangesNothing: no file is created, and no migration runs.
func TestAsItIsChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	if _, err := sqlitestore.Open(t.Context(), path, sqlitestore.AsIs()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the file was created: %v", err)
	}
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if store, err = sqlitestore.Open(t.Context(), path, sqlitestore.AsIs()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Ping(t.Context()), store.Close()); err != nil {
		t.Fatal(err)
	}
	version := schemaOf(t, path, "delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)")
	var pending *lockstep.MigrationsPendingError
	if _, err := sqlitestore.Open(t.Context(), path, sqlitestore.AsIs()); !errors.As(err, &pending) ||
		pending.Database != version || pending.Program <= version {
		t.Errorf("an older schema: %v", err)
	}
	if now := schemaOf(t, path, "select 1"); now != version {
		t.Errorf("the schema went from %d to %d", version, now)
	}
}

// schemaOf runs a statement, and returns the version of the schema after it.
func schemaOf(t *testing.T, path, statement string) (version int64) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), "select max(version_id) from goose_db_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}
