package sqlstore_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// never has a connection closed after an error.
func never(error) bool { return false }

// withDialect is a store over an SQLite database, with another dialect.
func withDialect(t *testing.T, dialect sqlstore.Dialect) *sqlstore.Store {
	t.Helper()
	path := sqlitetest.Path(t)
	made, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	both := sqlrun.NewSQL(db, 1, false, never)
	store := sqlstore.New(both, both, dialect)
	closeAfter(t, store)
	return store
}

func TestTheStoreUsesTheClockOfTheDialect(t *testing.T) {
	t.Parallel()
	store := withDialect(t, sqlstore.Dialect{Clock: "select 1700000000000", Replace: map[sqlstore.Statement]string{
		sqlstore.ClaimDue: strings.ReplaceAll(string(sqlstore.ClaimDue), "$3", "max($3, 1700000000000)")}})
	ctx, key := t.Context(), lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
	for range 3 { // also when its statements are prepared
		if err := store.Mark(ctx, lockstep.Mark{Key: key}); err != nil {
			t.Fatal(err)
		}
		claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
			MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
		now := time.UnixMilli(1_700_000_000_000).UTC()
		if len(claims) != 1 || claims[0].LeaseUntil != now.Add(time.Minute) {
			t.Fatalf("claimed %+v", claims)
		}
		work, err := store.Work(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		if work.RunAt != now || work.LeaseUntil != now.Add(time.Minute) {
			t.Errorf("got %+v", work)
		}
		if err := store.Finish(ctx, claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADialectReplacesAStatement(t *testing.T) {
	t.Parallel()
	store := withDialect(t, sqlstore.Dialect{Replace: map[sqlstore.Statement]string{
		sqlstore.SelectWork: "select $1, 1, 2, 3, 4, 0, 0, 5, 'done', 'replaced'"}})
	key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_42"}
	for range 3 {
		work, err := store.Work(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if work.Key != key || work.Attempts != 5 || work.Reason != "replaced" {
			t.Errorf("got %+v", work)
		}
	}
}
