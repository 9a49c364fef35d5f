package sqlrun_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"modernc.org/sqlite"

	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// open opens a new database. Its connection is replaced after an error unless keep is true.
func open(t *testing.T, readOnly, keep bool) (*sql.DB, *sqlrun.SQL) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "numbers.db")+"?_pragma=journal_mode(wal)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "create table numbers (n integer); insert into numbers values (1)"); err != nil {
		t.Fatal(err)
	}
	database := sqlrun.NewSQL(db, 1, readOnly, func(error) bool { return keep })
	t.Cleanup(func() {
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, database
}

// begin begins a transaction that ends after the test.
func begin(t *testing.T, database *sqlrun.SQL) sqlrun.Transaction {
	t.Helper()
	transaction, err := database.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transaction.End)
	return transaction
}

// sum asks for the sum of the numbers.
func sum(into *int) *sqlrun.Query {
	return &sqlrun.Query{SQL: "select sum(n) from numbers",
		Row: func(row sqlrun.Scanner) error { return row.Scan(into) }}
}

// A connection that cannot begin is replaced, so one bad connection does not end all writes.
func TestAConnectionThatCannotBeginIsReplaced(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, database := open(t, false, false)
	db.SetMaxOpenConns(1)
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
	_, database := open(t, false, false)
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

// A transaction that only reads sees one state of the database, whether it sends its statements together or
// one by one.
func TestAReaderOfSeveralStatementsSeesOneState(t *testing.T) {
	t.Parallel()
	for _, together := range []bool{false, true} {
		t.Run(fmt.Sprint("together=", together), func(t *testing.T) {
			t.Parallel()
			db, database := open(t, true, false)
			transaction := begin(t, database)
			var before, after int
			first := sum(&before)
			write := func() error {
				_, err := db.ExecContext(t.Context(), "insert into numbers values (2)")
				return err
			}
			var err error
			if together {
				scan := first.Row
				first.Row = func(row sqlrun.Scanner) error { return errors.Join(scan(row), write()) }
				err = transaction.Send(t.Context(), []*sqlrun.Query{first, sum(&after)}, true)
			} else {
				err = errors.Join(transaction.Send(t.Context(), []*sqlrun.Query{first}, false), write(),
					transaction.Send(t.Context(), []*sqlrun.Query{sum(&after)}, true))
			}
			if err != nil || before != 1 || after != 1 {
				t.Errorf("read %d, then %d: %v", before, after, err)
			}
		})
	}
}

// A connection whose statement fails is replaced, unless keep says that it still works.
func TestAReadThatFailsWithoutABegin(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("keep=", keep), func(t *testing.T) {
			t.Parallel()
			_, database := open(t, true, keep)
			send := func(ctx context.Context, statement string) error {
				transaction, err := database.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer transaction.End()
				return transaction.Send(ctx, []*sqlrun.Query{{SQL: statement}}, true)
			}
			const mark, marked = "create temp table mark (n)", "select n from mark"
			if err := send(t.Context(), mark); err != nil { // the table is gone with its connection
				t.Fatal(err)
			}
			left, leave := context.WithCancel(t.Context())
			leave()
			if err := send(left, marked); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller had left: %v", err)
			}
			if err := send(t.Context(), marked); err != nil {
				t.Errorf("a caller that left has taken the connection along: %v", err)
			}
			if err := send(t.Context(), "select broken"); err == nil {
				t.Error("there was no error")
			}
			if err := send(t.Context(), marked); (err == nil) != keep {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A read ends at the next row when its caller leaves.
func TestACallerThatLeavesEndsARead(t *testing.T) {
	t.Parallel()
	_, database := open(t, true, false)
	ctx, leave := context.WithCancel(t.Context())
	rows := 0
	err := begin(t, database).Send(ctx, []*sqlrun.Query{{SQL: "select 1 union all select 2 union all select 3",
		Row: func(sqlrun.Scanner) error { rows++; leave(); return nil }}}, true)
	if !errors.Is(err, context.Canceled) || rows != 1 {
		t.Errorf("%d rows were read: %v", rows, err)
	}
}

// A database skips a query that would return nothing.
func TestAQueryIsSkipped(t *testing.T) {
	t.Parallel()
	_, database := open(t, true, false)
	var ran []string
	query := func(name string, skip func() bool) *sqlrun.Query {
		return &sqlrun.Query{SQL: "select 1", Skip: skip,
			Row: func(sqlrun.Scanner) error { ran = append(ran, name); return nil }}
	}
	err := begin(t, database).Send(t.Context(), []*sqlrun.Query{query("first", nil),
		query("second", func() bool { return len(ran) == 1 }), query("third", func() bool { return len(ran) == 0 })}, true)
	if err != nil || !slices.Equal(ran, []string{"first", "third"}) {
		t.Errorf("ran %v, %v", ran, err)
	}
}

// A long query ends when its caller leaves, although it has returned no row yet, and its connection still works.
func TestACallerThatLeavesInterruptsALongQuery(t *testing.T) {
	t.Parallel()
	const all = 5_000_000
	ctx, leave := context.WithCancel(t.Context())
	seen := 0
	sqlite.MustRegisterScalarFunction("seen", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		seen++
		leave()
		return args[0], nil
	})
	_, database := open(t, true, true)
	transaction, err := database.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = transaction.Send(ctx, []*sqlrun.Query{{Long: true, Args: []any{all}, SQL: `
		with recursive many(n) as (select 1 union all select n + 1 from many where n < $1) select sum(seen(n)) from many`,
		Row: func(sqlrun.Scanner) error { return nil }}}, true)
	transaction.End()
	if !errors.Is(err, context.Canceled) || seen == 0 || seen == all {
		t.Errorf("the query saw %d numbers of %d: %v", seen, all, err)
	}
	var n int
	if err := begin(t, database).Send(t.Context(), []*sqlrun.Query{sum(&n)}, true); err != nil || n != 1 {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}
