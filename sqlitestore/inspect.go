package sqlitestore

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"

	"github.com/pressly/goose/v3"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// inspector implements [lockstep.Inspected].
type inspector struct {
	reader sqlrun.Database
	files  *files
}

var _ lockstep.Inspected = (*measured)(nil)

// Inspect implements [lockstep.Inspected].
func (i inspector) Inspect(ctx context.Context) (lockstep.DatabaseFacts, error) {
	facts := lockstep.DatabaseFacts{Engine: "SQLite", Exposed: i.files.exposed(), Durability: map[string]string{}, Standbys: -1}
	reading, err := i.reader.Begin(ctx)
	if err != nil {
		return facts, fmt.Errorf("inspect the database: %w", err)
	}
	defer reading.End()
	err = reading.Send(ctx, []*sqlrun.Query{{SQL: `
select sqlite_version(), (select journal_mode from pragma_journal_mode),
	(select coalesce(max(version_id), 0) from goose_db_version where is_applied)`, Row: func(row sqlrun.Scanner) error {
		var journal string
		err := row.Scan(&facts.Version, &journal, &facts.Schema)
		facts.Durability["journal_mode"] = journal
		return err
	}}}, true)
	if err != nil {
		return facts, fmt.Errorf("inspect the database: %w", err)
	}
	facts.Program, err = newestMigration()
	return facts, err
}

// newestMigration is the version of the last migration that this program knows.
func newestMigration() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(names[len(names)-1])
}

// exposed returns the files that every user of the machine can open. The database holds personal data.
func (f *files) exposed() (found []lockstep.ExposedFile) {
	if runtime.GOOS == "windows" { // a mode does not say who can read
		return nil
	}
	for _, opened := range f.opened {
		if mode := opened.info.Mode().Perm(); mode&0o007 != 0 {
			found = append(found, lockstep.ExposedFile{Path: opened.name, Mode: fmt.Sprintf("%04o", mode)})
		}
	}
	return found
}
