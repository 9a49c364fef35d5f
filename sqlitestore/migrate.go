package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. goose does not lock SQLite, so if two processes migrate at
// once, one may fail because the other has done the work. It then checks again whether there is
// anything left to do.
func migrate(ctx context.Context, db *sql.DB) error {
	const tries = 10
	for try := 1; ; try++ {
		err := untilFree(ctx, func(ctx context.Context) error { return migrateOnce(ctx, db) })
		var tooNew *schemaTooNewError
		if err == nil || ctx.Err() != nil || busy(err) || try == tries || errors.As(err, &tooNew) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func migrateOnce(ctx context.Context, db *sql.DB) error {
	provider, err := newProvider(db)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return &schemaTooNewError{database: current, program: target}
	}
	if current == target {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", current, target, err)
	}
	return nil
}

// assertMigrated refuses a database that must be migrated first, or that is newer than this program. It
// does not ask goose, which would create its table.
func assertMigrated(ctx context.Context, db *sql.DB) error {
	program, err := newestMigration()
	if err != nil {
		return err
	}
	var exists bool
	err = db.QueryRowContext(ctx, "select exists (select 1 from sqlite_schema where type = 'table' and name = 'goose_db_version')").Scan(&exists)
	var current int64
	if err == nil && exists {
		err = db.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&current)
	}
	switch {
	case err != nil:
		return fmt.Errorf("read schema version: %w", err)
	case current > program:
		return &schemaTooNewError{database: current, program: program}
	case current < program:
		return &lockstep.MigrationsPendingError{Database: current, Program: program}
	}
	return nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	steps, err := schema.Migrations(files)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, nil, goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(steps...))
}

// schemaTooNewError refuses a database that a newer program has migrated.
type schemaTooNewError struct{ database, program int64 }

func (e *schemaTooNewError) Error() string {
	return fmt.Sprintf("its schema is version %d, and this program knows only up to version %d; use a newer lockstep",
		e.database, e.program)
}
