package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/lockstep-dev/lockstep/internal/store/transfer"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// migrateCommand moves a business from SQLite to PostgreSQL.
type migrateCommand struct {
	From   string `help:"The database to copy: sqlite:PATH." required:"" placeholder:"URL" example:"sqlite:lockstep.db"`
	To     string `help:"The empty database to fill: postgres://USER:PASSWORD@HOST/DATABASE." env:"DATABASE_URL" placeholder:"URL" example:"postgres://lockstep@localhost/lockstep"`
	Unseal bool   `help:"Give up the move, so that serve can use the SQLite file again. Delete the target database afterwards."`
	reasoned
}

// Help is shown by migrate --help.
func (*migrateCommand) Help() string {
	return "Copies an SQLite database into an empty PostgreSQL database, and seals the file against further writes. To continue after an interruption, run it again."
}

// Run copies what an earlier run has not copied yet.
func (c *migrateCommand) Run(ctx context.Context, in *surroundings) (err error) {
	path, isFile := strings.CutPrefix(c.From, "sqlite:")
	if !isFile || path == "" {
		return wrongUsage("--from: %s is not sqlite:PATH; a move is possible only from SQLite to PostgreSQL", scheme(c.From))
	}
	source, err := sqlitestore.OpenDB(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if c.Unseal {
		if err := transfer.Unseal(ctx, source, c.operator()); err != nil {
			return fmt.Errorf("unseal %s: %w", path, err)
		}
		fmt.Fprintf(in.stdout, "%s can be written again. Do not use the target database.\n", path)
		return nil
	}
	if !strings.HasPrefix(c.To, "postgres:") && !strings.HasPrefix(c.To, "postgresql:") {
		return wrongUsage("--to (or DATABASE_URL): %s is not postgres://USER:PASSWORD@HOST/DATABASE", scheme(c.To))
	}
	target, err := pgstore.Connect(ctx, c.To)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close(context.WithoutCancel(ctx))) }()
	moved, err := transfer.Run(ctx, transfer.Config{Source: source, Target: target, By: c.operator(), Log: in.log})
	if errors.Is(err, transfer.ErrFinished) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w\n  No data is lost: %s is unchanged. It stays sealed until you finish the move (run this again) or give it up (--unseal)", err, path)
	}
	return printMoved(in, moved)
}

// operator is who runs a command that needs no service, for the audit log.
func (r reasoned) operator() transfer.Operator {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return transfer.Operator{Name: "local/" + name, Reason: r.Reason}
}

// scheme quotes what an argument starts with. The rest of a URL may contain a password.
func scheme(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	return strconv.Quote(scheme)
}

// printMoved prints a line for each table.
func printMoved(in *surroundings, moved []transfer.Moved) error {
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
		fmt.Fprintf(in.stdout, "%d texts contained zero bytes or invalid UTF-8, which were removed.\n", changed)
	}
	fmt.Fprintln(in.stdout, "Moved. Start the service with DATABASE_URL set to the new database, and keep the file as a backup.")
	return nil
}
