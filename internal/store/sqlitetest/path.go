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

// empty is a database file with empty tables.
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

// Path returns the path of a database with empty tables, which is removed after the test. Call it
// before a bubble of testing/synctest starts.
func Path(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	Create(t, path)
	return path
}

// Create creates such a database at path.
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
