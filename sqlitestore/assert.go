package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// assertDurable checks the pragmas that the connection asked for: SQLite ignores a pragma that it
// cannot fulfil without an error.
func assertDurable(ctx context.Context, db *sql.DB) error {
	var journal string
	if err := db.QueryRowContext(ctx, "pragma journal_mode").Scan(&journal); err != nil {
		return fmt.Errorf("read journal_mode: %w", err)
	}
	if journal != "wal" {
		return fmt.Errorf("journal_mode is %q, not wal: the file system cannot share memory between connections (a network drive?)", journal)
	}
	var synchronous int
	if err := db.QueryRowContext(ctx, "pragma synchronous").Scan(&synchronous); err != nil {
		return fmt.Errorf("read synchronous: %w", err)
	}
	if synchronous < 1 {
		return fmt.Errorf("synchronous is %d, not 1 (normal): a power failure would damage the database", synchronous)
	}
	return nil
}

// quickCheck refuses a damaged file.
func quickCheck(ctx context.Context, db *sql.DB) error {
	var verdict string
	err := db.QueryRowContext(ctx, "pragma quick_check(1)").Scan(&verdict)
	if code(err) == sqlite3.SQLITE_CORRUPT { // too damaged to read
		verdict, err = err.Error(), nil
	}
	if err != nil {
		return fmt.Errorf("check for damage: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the database is damaged; restore a backup: %s", verdict)
	}
	return nil
}

// patience is how long an opening waits for another process that has locked the database.
const patience = 15 * time.Second

// untilFree repeats do while another process has locked the database: turning on WAL and creating
// tables need an exclusive lock, and not all of that waits for busy_timeout.
func untilFree(ctx context.Context, do func(context.Context) error) error {
	for start := time.Now(); ; {
		err := do(ctx)
		if !busy(err) || time.Since(start) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// busy reports whether err says that another connection holds the database.
func busy(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED
}

func failure(err error) sqlrun.Failure {
	if busy(err) {
		return sqlrun.Busy
	}
	return sqlrun.Other
}

// code is SQLite's primary result code; 0 for an error that is not SQLite's.
func code(err error) int {
	var sqliteErr *sqlite.Error
	if !errors.As(err, &sqliteErr) {
		return 0
	}
	return sqliteErr.Code() & 0xff
}
