package pgstore_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/pgstore"
)

// Looking for a schema creates none.
func TestADatabaseWithoutSchemaDoesNotExist(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	for range 2 {
		if exists, err := pgstore.Exists(t.Context(), url); exists || err != nil {
			t.Errorf("an empty database: %v, %v", exists, err)
		}
	}
	store, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if exists, err := pgstore.Exists(t.Context(), url); !exists || err != nil {
		t.Errorf("a database of ours: %v, %v", exists, err)
	}
}
