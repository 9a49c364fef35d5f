package sqlitestore_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// TestKilledProcessLosesNoOperation kills a process with SIGKILL as soon as an operation of the
// store has returned, and checks everything that the operation wrote.
func TestKilledProcessLosesNoOperation(t *testing.T) {
	t.Parallel()
	for name, op := range operations {
		for _, n := range killedRows {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				t.Parallel()
				path := sqlitetest.Path(t)
				db := raw(t, path)
				fill(t, db, op, n)
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				kill(t, path, name, n)
				db = raw(t, path)
				wanted(t, db, op, n)
				var verdict string
				if err := db.QueryRow("pragma quick_check").Scan(&verdict); err != nil || verdict != "ok" {
					t.Errorf("quick check: %q, %v", verdict, err)
				}
			})
		}
	}
}

// An operation that fails halfway returns an error, keeps its finished steps, and does the rest
// when it is called again.
func TestAnOperationThatFailsHalfwayContinues(t *testing.T) {
	t.Parallel()
	const n = 20
	for name, op := range operations {
		if op.stumble == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := sqlitetest.Path(t)
			db := raw(t, path)
			fill(t, db, op, n)
			if _, err := db.Exec("create trigger stumble before " + op.stumble +
				" begin select raise(abort, 'stumbled'); end"); err != nil {
				t.Fatal(err)
			}
			store, err := sqlitestore.Open(t.Context(), path, sqlitestore.StepRows(6))
			if err != nil {
				t.Fatal(err)
			}
			closeAfter(t, store)
			for range 2 {
				if err := op.do(t.Context(), store, n); err == nil || !strings.Contains(err.Error(), "stumbled") {
					t.Fatalf("with a row that fails: %v", err)
				}
			}
			if done := count(t, db, op.want[len(op.want)-1], n); done == n || done == 0 {
				t.Errorf("%d of %d rows are done", done, n)
			}
			if _, err := db.Exec("drop trigger stumble"); err != nil {
				t.Fatal(err)
			}
			if err := op.do(t.Context(), store, n); err != nil {
				t.Fatal(err)
			}
			wanted(t, db, op, n)
		})
	}
}

// By default a transaction writes about a thousand rows: when a late row fails, the steps before it
// are done. Retention takes one step for each call.
func TestATransactionWritesAboutAThousandRows(t *testing.T) {
	t.Parallel()
	const n, late = 3000, "02500"
	for name, op := range operations {
		stumble := strings.ReplaceAll(op.stumble, "00010", late)
		switch name {
		case "expire bodies":
			stumble = "update of body on events when new.id = 'evt_" + late + "'"
		case "expire events":
			stumble = "delete on events when old.id = 'evt_" + late + "'"
		case "expire runs":
			stumble = "delete on runs when old.seq = " + late
		case "claim": // takes no more than its limit
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := sqlitetest.Path(t)
			db := raw(t, path)
			fill(t, db, op, n)
			if _, err := db.Exec("create trigger stumble before " + stumble +
				" begin select raise(abort, 'stumbled'); end"); err != nil {
				t.Fatal(err)
			}
			store := open(t, path)
			if err := op.do(t.Context(), store, n); err == nil || !strings.Contains(err.Error(), "stumbled") {
				t.Fatalf("with a row that fails: %v", err)
			}
			if done := count(t, db, op.want[len(op.want)-1], n); done < 1000 || done == n {
				t.Errorf("%d of %d rows are done when row %s fails", done, n, late)
			}
		})
	}
}

// fill prepares a database for an operation.
func fill(t *testing.T, db *sql.DB, op operation, n int) {
	t.Helper()
	for _, statement := range op.fill {
		if _, err := db.Exec(statement, bound(statement, n)...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// wanted checks that an operation has done everything.
func wanted(t *testing.T, db *sql.DB, op operation, n int) {
	t.Helper()
	for _, query := range op.want {
		if got := count(t, db, query, n); got != n {
			t.Errorf("%s: %d, want %d", query, got, n)
		}
	}
}

func count(t *testing.T, db *sql.DB, query string, n int) (rows int) {
	t.Helper()
	if err := db.QueryRow(query, bound(query, n)...).Scan(&rows); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("%s: %v", query, err)
	}
	return rows
}

// bound returns n if a statement has a parameter.
func bound(statement string, n int) (args []any) {
	if strings.Contains(statement, "?1") {
		args = []any{n}
	}
	return args
}

// kill runs an operation in another process, kills the process when it reports that the operation
// is done, and returns its report.
func kill(t *testing.T, path, name string, n int) string {
	t.Helper()
	cmd := process(t, "operate", path)
	cmd.Env = append(cmd.Env, operationVariable+"="+name, rowsVariable+"="+strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe() // the process waits for it until it is killed
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hold.Close() }()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	killed := cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	said, done := strings.CutPrefix(strings.TrimSpace(said), "done")
	if !done || killed != nil {
		t.Fatalf("the process said %q (%v), kill: %v", said, err, killed)
	}
	return said
}

// operate is the process that is killed.
func operate(path, name string, n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	store, err := sqlitestore.Open(ctx, path)
	exitOn(err)
	exitOn(store.Ping(ctx)) // the first commit after the log began is another case than all that follow
	digest := ""
	if op, many := operations[name]; many {
		exitOn(op.do(ctx, store, n))
	} else {
		exitOn(single(name).do(ctx, store))
		digest, err = digestOf(path)
		exitOn(err)
	}
	fmt.Println("done" + digest)
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}
