package pgstore

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// line is one connection to a database with a table of numbers, each of which is there once.
func line(t *testing.T) *sql.DB {
	t.Helper()
	config, err := parse(pgtest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	db := pool(config, 1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.ExecContext(t.Context(), "create table numbers (n bigint primary key check (n > 0))"); err != nil {
		t.Fatal(err)
	}
	return db
}

func begin(t *testing.T, db *sql.DB) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

const insert = "insert into numbers (n) values ($1)"

func say(t *testing.T, tx *sql.Tx, manner func(context.Context) context.Context, n int64) {
	t.Helper()
	if _, err := tx.ExecContext(manner(t.Context()), insert, n); err != nil {
		t.Errorf("%d: %v", n, err)
	}
}

// holds makes sure of the numbers that are there, by a transaction of its own.
func holds(t *testing.T, db *sql.DB, want string) {
	t.Helper()
	var got string
	err := db.QueryRowContext(t.Context(), "select coalesce(string_agg(cast(n as text), ' ' order by n), '') from numbers").Scan(&got)
	if err != nil || got != want {
		t.Errorf("numbers are %q, want %q: %v", got, want, err)
	}
}

func TestWhatIsSaidForLaterIsDoneByTheCommit(t *testing.T) {
	t.Parallel()
	db := line(t)
	tx := begin(t, db)
	say(t, tx, later, 1)
	say(t, tx, later, 2)
	var n int
	if err := tx.QueryRowContext(t.Context(), "select count(*) from numbers").Scan(&n); err != nil || n != 2 {
		t.Errorf("a query finds %d of what was said before it: %v", n, err)
	}
	say(t, tx, later, 3)
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	holds(t, db, "1 2 3")
}

func TestRowsThatAreAskedForTogetherAreToldApart(t *testing.T) {
	t.Parallel()
	db := line(t)
	tx := begin(t, db)
	say(t, tx, later, 1)
	query := "select n, cast($1 as text) from numbers"
	first, err := tx.QueryContext(later(t.Context()), query, "first")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	say(t, tx, later, 2)
	second, err := tx.QueryContext(later(t.Context()), query+" order by n", "second")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	if got := words(t, second); got != "second* second** " { // in another order than they were asked
		t.Errorf("the second query returned %q", got)
	}
	if got := words(t, first); got != "first* " {
		t.Errorf("the first query returned %q", got)
	}
}

// words are the rows of a number and a word: the word with so many stars.
func words(t *testing.T, rows *sql.Rows) (all string) {
	t.Helper()
	for rows.Next() {
		var n int
		var word string
		if err := rows.Scan(&n, &word); err != nil {
			t.Error(err)
		}
		all += word + strings.Repeat("*", n) + " "
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	return all
}

// TestWhatFailsLaterFailsWhoComesNext: with the next statement, or with the commit; and the
// connection is of use for the next transaction.
func TestWhatFailsLaterFailsWhoComesNext(t *testing.T) {
	t.Parallel()
	db := line(t)
	for name, end := range map[string]func(*sql.Tx) error{
		"the commit": (*sql.Tx).Commit,
		"a statement": func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), insert, 3)
			return err
		},
		"the last statement": func(tx *sql.Tx) error {
			_, err := tx.ExecContext(last(t.Context()), insert, 3)
			return err
		},
		"a query": func(tx *sql.Tx) error {
			var n int
			return tx.QueryRowContext(t.Context(), "select count(*) from numbers").Scan(&n)
		},
		"rows that are asked for later": func(tx *sql.Tx) error {
			rows, err := tx.QueryContext(later(t.Context()), "select n from numbers")
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				t.Error("there is a row")
			}
			return rows.Err()
		},
	} {
		tx := begin(t, db)
		say(t, tx, later, 1)
		say(t, tx, later, -1)
		say(t, tx, later, 2)
		err := end(tx)
		if code(err) != "23514" || !strings.Contains(err.Error(), insert) {
			t.Errorf("%s: got %v, want the violated check of the statement that failed", name, err)
		}
		_ = tx.Rollback() // after Commit, which has its own
		holds(t, db, "")
	}
}

// TestTheLastStatementCommits, so that neither a commit nor a rollback after it says anything.
func TestTheLastStatementCommits(t *testing.T) {
	t.Parallel()
	db := line(t)
	tx := begin(t, db)
	say(t, tx, last, 1)
	if _, err := tx.ExecContext(t.Context(), insert, 2); err == nil {
		t.Error("a statement can be said after the last one")
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	holds(t, db, "1")

	tx = begin(t, db)
	say(t, tx, later, 3)
	say(t, tx, func(ctx context.Context) context.Context { return later(last(ctx)) }, 4)
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	holds(t, db, "1 3 4")
}

func TestWhatIsRolledBackIsNotSaidInTheNextTransaction(t *testing.T) {
	t.Parallel()
	db := line(t)
	tx := begin(t, db)
	say(t, tx, later, 1)
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	tx = begin(t, db)
	say(t, tx, later, 2)
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	holds(t, db, "2")

	tx = begin(t, db)
	say(t, tx, atOnce, 3)
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	holds(t, db, "2")
}

// atOnce is no manner of its own: the statement is answered at once.
func atOnce(ctx context.Context) context.Context { return ctx }

// The isolation that a transaction asks for is said with its begin.
func TestATransactionIsAsIsolatedAsItAsksFor(t *testing.T) {
	t.Parallel()
	db := line(t)
	for want, opts := range map[string]*sql.TxOptions{
		"read committed off": nil,
		"repeatable read on": {Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	} {
		tx, err := db.BeginTx(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = tx.QueryRowContext(t.Context(), "select current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only')").Scan(&got)
		if err != nil || got != want {
			t.Errorf("got %q, want %q: %v", got, want, err)
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
	if _, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable}); err == nil {
		t.Error("a transaction is less isolated than it asked for")
	}
}

// A commit that the server makes a rollback of is none.
func TestACommitOfWhatHasFailedFails(t *testing.T) {
	t.Parallel()
	db := line(t)
	tx := begin(t, db)
	if _, err := tx.ExecContext(t.Context(), insert, -1); err == nil {
		t.Fatal("the check let a negative number pass")
	}
	if err := tx.Commit(); err == nil {
		t.Error("a transaction that failed was committed")
	}
	holds(t, db, "")
}

// The last statement may be done, and the commit that was sent with it not: then nothing was committed.
func TestACommitThatFailsAfterTheLastStatementFails(t *testing.T) {
	t.Parallel()
	db := line(t)
	if _, err := db.ExecContext(t.Context(), "create table late (n bigint unique deferrable initially deferred)"); err != nil {
		t.Fatal(err)
	}
	tx := begin(t, db)
	if _, err := tx.ExecContext(last(t.Context()), "insert into late (n) values (1), (1)"); err != nil {
		t.Fatalf("the constraint is looked at too early: %v", err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("a commit that failed is said to have been one")
	}
	var kept int
	if err := db.QueryRowContext(t.Context(), "select count(*) from late").Scan(&kept); err != nil || kept != 0 {
		t.Errorf("%d rows were kept: %v", kept, err)
	}
}

// A transaction ends with its context, whether the server was told of it or not.
func TestATransactionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := line(t)
	for _, manner := range []func(context.Context) context.Context{later, atOnce} {
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		say(t, tx, manner, 1)
		cancel()
		if err := tx.Commit(); err == nil {
			t.Error("a transaction was committed whose context had ended")
		}
		holds(t, db, "")
	}
}
