// Package schema turns files of SQL into migrations.
package schema

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

// Migrations returns one migration for each file NNNNN_title.sql in a folder. The database gets the text
// of a file at once, in a transaction, and splits it into statements itself. goose would split it in a
// buffer of 4 MB, which doubles the memory of a process that has just started. So goose's annotations mean
// nothing here, and a file with those that would matter is refused.
func Migrations(files fs.FS) ([]*goose.Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var steps []*goose.Migration
	for _, name := range names {
		step, err := migration(files, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func migration(files fs.FS, name string) (*goose.Migration, error) {
	version, err := goose.NumericComponent(name)
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	for _, annotation := range []string{"+goose Down", "+goose NO TRANSACTION", "+goose ENVSUB"} {
		if strings.Contains(string(text), annotation) {
			return nil, fmt.Errorf("remove %q: the whole file runs in one transaction", annotation)
		}
	}
	return goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}}, nil), nil
}
