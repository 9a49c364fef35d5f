package pgstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// newest is the version of the last migration there is.
const newest = math.MaxInt64

// schemaLock is the number under which processes that migrate wait for each other. It
// means nothing, but is the same in all versions.
const schemaLock = 7_305_804_402_570_421_873

// migrate brings the schema up to date, by a connection that is there and by others if
// there is something to do.
func migrate(ctx context.Context, config *pgx.ConnConfig, there *sql.DB, version int64) error {
	current, err := schemaVersion(ctx, there)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	last, err := goose.NumericComponent(files[len(files)-1].Name())
	if err != nil {
		return err
	}
	if done, err := suits(current, min(version, last)); done || err != nil {
		return err
	}
	return migrateAlone(ctx, config, version)
}

// schemaVersion is that of the last migration that was applied; 0 where there was none.
func schemaVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	var there bool
	if err := db.QueryRowContext(ctx, "select to_regclass('goose_db_version') is not null").Scan(&there); err != nil ||
		!there {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(
		&version)
	return version, err
}

// migrateAlone does it, one process at a time. The lock is that of a transaction, because
// a pooler may give every transaction another session; it ends with the connection, so
// that a process that dies holds nobody up.
func migrateAlone(ctx context.Context, config *pgx.ConnConfig, version int64) (err error) {
	db := pool(config, 3)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Rollback() }() // it has written nothing
	if _, err := lock.ExecContext(ctx, "select pg_advisory_xact_lock("+fmt.Sprint(int64(schemaLock))+")"); err != nil {
		return fmt.Errorf("wait for others that migrate: %w", err)
	}
	return migrateLocked(ctx, db, version)
}

func migrateLocked(ctx context.Context, db *sql.DB, version int64) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, last, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	target := min(version, last)
	if done, err := suits(current, target); done || err != nil {
		return err
	}
	// Replicas of the version before go on meanwhile. Where one is in the way of a lock, the
	// migration steps back, so that nobody waits behind it for long, and is begun again.
	for deadline := time.Now().Add(migrationPatience); ; {
		_, err := provider.UpTo(ctx, target)
		if err == nil {
			return nil
		}
		if c := code(err); c != "40P01" && c != "55P03" || time.Now().After(deadline) { // deadlock; lock_timeout
			return fmt.Errorf("migrate schema from version %d to %d: %w", current, target, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200*time.Millisecond + rand.N(300*time.Millisecond)):
		}
	}
}

// migrationPatience is how long a migration is begun again that others are in the way of.
const migrationPatience = 2 * time.Minute

// generation is how many versions of the schema a generation has room for. Within one,
// migrations only add, so that a program of an earlier version goes on beneath which the
// schema is migrated, and may be started again: versions are rolled out one replica after
// the other, and back. One that takes something away begins the next generation, whose
// number is the next thousand; before it all replicas of the former are stopped.
const generation = 1000

// suits reports whether a program of one version may run on a database of another as it
// is; false: it must be migrated first.
func suits(database, program int64) (bool, error) {
	if database > program && database/generation != program/generation {
		return false, &schemaTooNewError{database: database, program: program}
	}
	return database >= program, nil
}

// schemaTooNewError refuses a database that a program of a later generation has migrated.
type schemaTooNewError struct{ database, program int64 }

func (e *schemaTooNewError) Error() string {
	return fmt.Sprintf("its schema is version %d, and this program knows only up to version %d; use a newer lockstep",
		e.database, e.program)
}
