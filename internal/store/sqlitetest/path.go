package sqlitetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// empty is a database file with empty tables, made once in a process.
var empty = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "lockstep-empty-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "lockstep.db")
	store, err := sqlitestore.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Path returns where a database is whose tables are empty, until the test ends. A
// bubble of testing/synctest begins after it.
func Path(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	Create(t, path)
	return path
}

// Create makes such a database at path.
func Create(t testing.TB, path string) {
	t.Helper()
	file, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}
