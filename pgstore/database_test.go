package pgstore

import (
	"context"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// line is a database with one connection, and a table of positive numbers.
type line struct {
	*testing.T
	*database
}

func newLine(t *testing.T) *line {
	t.Helper()
	config, err := parse(pgtest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect(t.Context(), config, 1, beginWriting)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	l := &line{t, db}
	l.create("create table numbers (n bigint primary key check (n > 0))")
	return l
}

func (l *line) create(table string) {
	l.Helper()
	if _, err := l.pool.Exec(l.Context(), table); err != nil {
		l.Fatal(err)
	}
}

// start starts a transaction.
func (l *line) start() sqlrun.Transaction {
	l.Helper()
	tx, err := l.Begin(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return tx
}

// send sends inserts of numbers, and the commit with them if the test wants that.
func (l *line) send(tx sqlrun.Transaction, commit bool, numbers ...int64) {
	l.Helper()
	var queries []*sqlrun.Query
	for _, n := range numbers {
		queries = append(queries, inserts(n))
	}
	if err := tx.Send(l.Context(), queries, commit); err != nil {
		l.Errorf("%v: %v", numbers, err)
	}
}

const insert = "insert into numbers (n) values ($1)"

func inserts(n int64) *sqlrun.Query { return &sqlrun.Query{SQL: insert, Args: []any{n}} }

// holds checks which numbers are stored, in a transaction of its own.
func (l *line) holds(want string) {
	l.Helper()
	var got string
	err := l.pool.QueryRow(l.Context(),
		"select coalesce(string_agg(cast(n as text), ' ' order by n), '') from numbers").Scan(&got)
	if err != nil || got != want {
		l.Errorf("numbers are %q, want %q: %v", got, want, err)
	}
}

func TestABatchRunsInOrderWithItsCommit(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	tx := l.start()
	var n int64
	count := &sqlrun.Query{SQL: "select count(*) from numbers", Row: func(row sqlrun.Scanner) error { return row.Scan(&n) }}
	if err := tx.Send(t.Context(), []*sqlrun.Query{inserts(1), inserts(2), count, inserts(3)}, true); err != nil {
		t.Fatal(err)
	}
	if n != 2 {
		t.Errorf("a query between inserts counts %d rows, want 2", n)
	}
	tx.End()
	l.holds("1 2 3")
}

func TestQueriesOfABatchGetTheirOwnRows(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	tx := l.start()
	defer tx.End()
	words := func(word string, all *string) *sqlrun.Query {
		return &sqlrun.Query{SQL: "select n, cast($1 as text) from numbers order by n", Args: []any{word},
			Row: func(row sqlrun.Scanner) error {
				var n int
				var word string
				err := row.Scan(&n, &word)
				*all += word + strings.Repeat("*", n) + " "
				return err
			}}
	}
	var first, second string
	err := tx.Send(t.Context(), []*sqlrun.Query{inserts(1), words("first", &first), inserts(2), words("second", &second)},
		false)
	if err != nil || first != "first* " || second != "second* second** " {
		t.Errorf("the queries returned %q and %q, %v", first, second, err)
	}
}

func TestChangedRowsAreCounted(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	tx := l.start()
	l.send(tx, false, 1, 2, 3)
	deletes := &sqlrun.Query{SQL: "delete from numbers where n < 3"}
	if err := tx.Send(t.Context(), []*sqlrun.Query{deletes}, true); err != nil || deletes.Changed != 2 {
		t.Errorf("%d rows changed, want 2: %v", deletes.Changed, err)
	}
	tx.End() // gives back the only connection
	l.holds("3")
}

// A failed statement fails its batch, in the middle of a transaction or with its commit. The
// connection serves the next transaction.
func TestAFailedStatementFailsItsBatch(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	rows := &sqlrun.Query{SQL: "select n from numbers", Row: func(sqlrun.Scanner) error {
		t.Error("a query after the failed statement has a row")
		return nil
	}}
	for name, batch := range map[string]struct {
		last   []*sqlrun.Query
		commit bool
	}{
		"the commit":                    {nil, true},
		"a statement":                   {[]*sqlrun.Query{inserts(3)}, false},
		"a statement with the commit":   {[]*sqlrun.Query{inserts(3)}, true},
		"a query":                       {[]*sqlrun.Query{rows}, false},
		"a query that comes before one": {[]*sqlrun.Query{rows, inserts(3)}, true},
	} {
		tx := l.start()
		queries := append([]*sqlrun.Query{inserts(1), inserts(-1), inserts(2)}, batch.last...)
		err := tx.Send(t.Context(), queries, batch.commit)
		if code(err) != "23514" || !strings.Contains(err.Error(), insert) {
			t.Errorf("%s: got %v, want the violated check of the statement that failed", name, err)
		}
		tx.End()
		l.holds("")
	}
}

// After a commit, the end of the transaction sends nothing.
func TestEndKeepsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	tx := l.start()
	l.send(tx, true, 1)
	tx.End()
	l.holds("1")

	tx = l.start()
	l.send(tx, false, 3)
	l.send(tx, true, 4)
	tx.End()
	l.holds("1 3 4")
}

func TestEndRollsBackWhatIsNotCommitted(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	tx := l.start()
	l.send(tx, false, 1)
	tx.End()
	l.holds("")

	l.start().End() // nothing was sent
	tx = l.start()
	l.send(tx, true, 2)
	tx.End()
	l.holds("2")
}

func TestATransactionIsAsIsolatedAsItsDatabaseSays(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	for begin, want := range map[string]string{
		beginWriting: "read committed off",
		beginReading: "repeatable read on",
	} {
		l.begin = begin
		tx := l.start()
		var got string
		err := tx.Send(t.Context(), []*sqlrun.Query{{
			SQL: "select current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only')",
			Row: func(row sqlrun.Scanner) error { return row.Scan(&got) }}}, false)
		if err != nil || got != want {
			t.Errorf("got %q, want %q: %v", got, want, err)
		}
		tx.End()
	}
}

// The server turns the commit of a failed transaction into a rollback.
func TestACommitAfterAFailureFails(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	tx := l.start()
	if err := tx.Send(t.Context(), []*sqlrun.Query{inserts(-1)}, false); err == nil {
		t.Fatal("the check accepted a negative number")
	}
	if err := tx.Send(t.Context(), nil, true); err == nil {
		t.Error("a failed transaction was committed")
	}
	tx.End()
	l.holds("")
}

// The last statement may succeed while the commit that was sent with it fails.
func TestACommitThatFailsAfterTheLastStatementFails(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.create("create table late (n bigint unique deferrable initially deferred)")
	tx := l.start()
	twice := &sqlrun.Query{SQL: "insert into late (n) values (1), (1)"}
	if err := tx.Send(t.Context(), []*sqlrun.Query{twice}, true); err == nil || twice.Changed != 2 {
		t.Errorf("a commit that failed returned %v after %d rows", err, twice.Changed)
	}
	tx.End()
	var kept int
	if err := l.pool.QueryRow(t.Context(), "select count(*) from late").Scan(&kept); err != nil || kept != 0 {
		t.Errorf("%d rows were kept: %v", kept, err)
	}
}

// A transaction ends with its context, whether the server knows of it or not.
func TestATransactionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	for _, begun := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := l.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if begun {
			l.send(tx, false, 1)
		}
		cancel()
		if err := tx.Send(ctx, []*sqlrun.Query{inserts(2)}, true); err == nil {
			t.Error("a transaction was committed after its context had ended")
		}
		tx.End()
		l.holds("")
	}
}

// Booleans are numbers in the tables, and booleans in expressions.
func TestNumbersScanIntoBooleans(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	tx := l.start()
	defer tx.End()
	var number, none, expression bool
	err := tx.Send(t.Context(), []*sqlrun.Query{{SQL: "select 1, cast(0 as bigint), 2 > 1",
		Row: func(row sqlrun.Scanner) error { return row.Scan(&number, &none, &expression) }}}, false)
	if err != nil || !number || none || !expression {
		t.Errorf("got %t, %t, %t, %v", number, none, expression, err)
	}
}
