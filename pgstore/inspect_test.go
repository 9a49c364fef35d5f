package pgstore_test

import (
	"errors"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/pgstore"
)

func TestTheStoreDescribesItsServer(t *testing.T) {
	t.Parallel()
	store, err := pgstore.Open(t.Context(), pgtest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	facts, err := store.(lockstep.Inspected).Inspect(t.Context())
	if err != nil || facts.Engine != "PostgreSQL" || facts.Version == "" || facts.Schema == 0 || facts.Schema != facts.Program ||
		facts.Durability["synchronous_commit"] == "" || facts.Durability["fsync"] == "" || facts.Connections < 1 ||
		facts.MostConnections < facts.Connections {
		t.Errorf("%+v %v", facts, err)
	}
}

// TestAsItIsMigratesNothing: doctor of a new version must not migrate under replicas of the old one.
func TestAsItIsMigratesNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	var pending *lockstep.MigrationsPendingError
	if _, err := pgstore.Open(t.Context(), url, pgstore.AsIs()); !errors.As(err, &pending) || pending.Database != 0 ||
		pending.Program == 0 {
		t.Errorf("an empty database: %v", err)
	}
	if tables := query(t, url, "select cast(count(*) as text) from information_schema.tables where table_schema = current_schema()"); tables != "0" {
		t.Errorf("%s tables were created", tables)
	}
	for _, options := range [][]pgstore.Option{nil, {pgstore.AsIs()}} {
		store, err := pgstore.Open(t.Context(), url, options...)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(store.Ping(t.Context()), store.Close()); err != nil {
			t.Error(err)
		}
	}
}
