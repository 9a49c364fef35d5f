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
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// newest stands for the version of the last migration.
const newest = math.MaxInt64

// schemaLock is the number of the lock that a migrating process takes. It has no meaning, but must
// be the same in all versions.
const schemaLock = 7_305_804_402_570_421_873

// migrate brings the schema up to date. It reads the version through db, and opens connections of
// its own if there is something to do.
func migrate(ctx context.Context, config *pgx.ConnConfig, db querier, version int64) error {
	current, err := schemaVersion(ctx, db)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	last, err := newestMigration()
	if err != nil {
		return err
	}
	if done, err := suits(current, min(version, last)); done || err != nil {
		return err
	}
	return migrateAlone(ctx, config, version)
}

// assertMigrated refuses a database that must be migrated first.
func assertMigrated(ctx context.Context, db querier) error {
	current, err := schemaVersion(ctx, db)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	last, err := newestMigration()
	if err != nil {
		return err
	}
	done, err := suits(current, last)
	if err == nil && !done {
		err = &lockstep.MigrationsPendingError{Database: current, Program: last}
	}
	return err
}

// schemaVersion returns the version of the last applied migration; 0 if there is none.
func schemaVersion(ctx context.Context, db querier) (version int64, err error) {
	var exists bool
	if err := db.QueryRow(ctx, "select to_regclass('goose_db_version') is not null").Scan(&exists); err != nil || !exists {
		return 0, err
	}
	err = db.QueryRow(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&version)
	return version, err
}

// migrateAlone migrates, one process at a time. The lock belongs to a transaction, because a pooler
// may give every transaction another session. It ends with the connection, so a process that dies
// blocks no other.
func migrateAlone(ctx context.Context, config *pgx.ConnConfig, version int64) (err error) {
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(3)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Rollback() }() // it has written nothing
	if _, err := lock.ExecContext(ctx, "select pg_advisory_xact_lock("+fmt.Sprint(int64(schemaLock))+")"); err != nil {
		return fmt.Errorf("wait for another process that migrates: %w", err)
	}
	return migrateLocked(ctx, db, version)
}

func migrateLocked(ctx context.Context, db *sql.DB, version int64) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	steps, err := schema.Migrations(files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, nil, goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(steps...))
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
	// Replicas of the previous version keep running meanwhile. If one holds a lock that the
	// migration needs, the migration steps back, so that no other waits long behind it, and retries.
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

// migrationPatience is how long a migration retries while others hold its locks.
const migrationPatience = 2 * time.Minute

// generation is how many schema versions a generation has room for. Within a generation, migrations
// only add. So a program of an earlier version keeps running, and can start, on a migrated schema:
// versions are rolled out one replica after the other, and back. A migration that removes something
// starts the next generation, at the next thousand; all replicas of the previous generation must stop
// before it.
const generation = 1000

// suits reports whether a program of one version can run on a database of another version as it is.
// If not, the database must be migrated first.
func suits(database, program int64) (bool, error) {
	if database > program && database/generation != program/generation {
		return false, &schemaTooNewError{database: database, program: program}
	}
	return database >= program, nil
}

// schemaTooNewError refuses a database of a later generation.
type schemaTooNewError struct{ database, program int64 }

func (e *schemaTooNewError) Error() string {
	return fmt.Sprintf("its schema is version %d, and this program knows only up to version %d; use a newer lockstep",
		e.database, e.program)
}
