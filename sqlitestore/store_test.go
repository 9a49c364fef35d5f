package sqlitestore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/storetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestStore(t *testing.T) {
	t.Parallel()
	// Each test has a copy of one empty database: to create the tables takes longer
	// than most tests do.
	emptyPath := filepath.Join(t.TempDir(), "empty.db")
	if err := open(t, emptyPath).Close(); err != nil {
		t.Fatal(err)
	}
	empty, err := os.ReadFile(emptyPath)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := filepath.Join(t.TempDir(), "lockstep.db")
		if err := os.WriteFile(path, empty, 0o600); err != nil {
			t.Fatal(err)
		}
		return func(t *testing.T) lockstep.Store { return open(t, path) }
	})
}

// open opens the database at path until the test ends.
func open(t *testing.T, path string) lockstep.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	return store
}
