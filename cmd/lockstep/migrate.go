package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/lockstep-dev/lockstep/internal/store/transfer"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// migrateCommand moves a business from SQLite to PostgreSQL.
type migrateCommand struct {
	From   string `help:"The database to copy: sqlite:PATH." required:"" placeholder:"URL"`
	To     string `help:"The database to fill: postgres://USER:PASSWORD@HOST/DATABASE, which must be empty." env:"DATABASE_URL" placeholder:"URL"`
	Unseal bool   `help:"Give up the move: unseal the file, so that serve can use it again. Delete the target afterwards."`
}

// Run moves what has not been moved yet.
func (c *migrateCommand) Run(ctx context.Context, in *surroundings) (err error) {
	path, isFile := strings.CutPrefix(c.From, "sqlite:")
	if !isFile || path == "" {
		return errors.New("--from must be sqlite:PATH: a business moves from SQLite to PostgreSQL, and not back")
	}
	source, err := sqlitestore.OpenDB(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if c.Unseal {
		if err := transfer.Unseal(ctx, source); err != nil {
			return fmt.Errorf("unseal %s: %w", path, err)
		}
		fmt.Fprintf(in.stdout, "%s can be written again; do not use the database that it was moved to\n", path)
		return nil
	}
	if !strings.HasPrefix(c.To, "postgres:") && !strings.HasPrefix(c.To, "postgresql:") {
		return errors.New("--to (or DATABASE_URL) must be postgres://USER:PASSWORD@HOST/DATABASE")
	}
	target, err := pgstore.Connect(ctx, c.To)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close(context.WithoutCancel(ctx))) }()
	moved, err := transfer.Run(ctx, transfer.Config{Source: source, Target: target, Log: in.log})
	if errors.Is(err, transfer.ErrFinished) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w\n  Nothing is lost: %s is as it was, and is not written until the move is finished (run this again) or given up (--unseal)", err, path)
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "table\trows\tchecksum of both sides")
	changed := int64(0)
	for _, t := range moved {
		fmt.Fprintf(out, "%s\t%d\t%s\n", t.Table, t.Rows, t.Checksum)
		changed += t.Changed
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if changed > 0 {
		fmt.Fprintf(in.stdout, "%d texts held zero bytes or what is not UTF-8; they were written without\n", changed)
	}
	fmt.Fprintln(in.stdout, "Moved. Start the service with DATABASE_URL naming the new database; keep the file as a backup.")
	return nil
}
