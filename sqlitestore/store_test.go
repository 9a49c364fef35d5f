package sqlitestore_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/bucketstest"
	"github.com/lockstep-dev/lockstep/internal/store/repairtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/store/storetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := sqlitetest.Path(t)
		return func(t *testing.T) lockstep.Store { return open(t, path) }
	})
}

// Operations in many small steps have the same effect as in one.
func TestStoreInSmallSteps(t *testing.T) {
	t.Parallel()
	storetest.RunInSteps(t, func(t *testing.T) storetest.Open {
		path := sqlitetest.Path(t)
		return func(t *testing.T) lockstep.Store {
			store, err := sqlitestore.Open(t.Context(), path, sqlitestore.StepRows(storetest.StepRows))
			if err != nil {
				t.Fatal(err)
			}
			closeAfter(t, store)
			return store
		}
	})
}

func TestRepairs(t *testing.T) {
	t.Parallel()
	repairtest.Run(t, func(t *testing.T) lockstep.Store {
		store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t), sqlitestore.StepRows(repairtest.StepRows))
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, store)
		return store
	})
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	bucketstest.Run(t, func(t *testing.T) bucketstest.Open {
		path := sqlitetest.Path(t)
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
