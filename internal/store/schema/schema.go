// Package schema turns files of SQL into migrations.
package schema

import (
	"context"
	"database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations returns one migration for each file NNNNN_title.sql in a folder. The database gets the text
// of a file at once, in a transaction, and splits it into statements itself. goose would split it in a
// buffer of 4 MB, which doubles the memory of a process that has just started.
func Migrations(files fs.FS) ([]*goose.Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var steps []*goose.Migration
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, goose.NewGoMigration(version, &goose.GoFunc{RunTx: all(string(text))}, nil))
	}
	return steps, nil
}

// all returns a function that executes all statements of a text.
func all(text string) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text)
		return err
	}
}
