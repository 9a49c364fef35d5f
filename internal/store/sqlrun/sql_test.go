package sqlrun_test

import (
	"database/sql"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// open opens a connection to a new database.
func open(t *testing.T) (*sql.DB, *sqlrun.SQL) {
	t.Helper()
	db, err := sql.Open("sqlite", sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	database := sqlrun.NewSQL(db, 1, false, func(error) bool { return false })
	t.Cleanup(func() {
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, database
}

// A connection that cannot begin is replaced, so one bad connection does not end all writes.
func TestAConnectionThatCannotBeginIsReplaced(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, database := open(t)
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(ctx, "begin immediate"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil { // back to the pool, with its transaction
		t.Fatal(err)
	}
	if _, err := database.Begin(ctx); err == nil {
		t.Fatal("a transaction began within another")
	}
	for range 2 {
		transaction, err := database.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		transaction.End()
	}
}

// A transaction that ended by itself does not keep its connection from the next one.
func TestAConnectionThatCannotRollBackIsReplaced(t *testing.T) {
	t.Parallel()
	_, database := open(t)
	for range 2 {
		transaction, err := database.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := transaction.Send(t.Context(), []*sqlrun.Query{{SQL: "rollback"}}, false); err != nil {
			t.Fatal(err)
		}
		transaction.End()
	}
}
