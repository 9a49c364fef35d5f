package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// backupCommand copies an SQLite database, also while the service uses it.
type backupCommand struct {
	File     string `arg:"" help:"The file to create."`
	Force    bool   `help:"Replace the file if it exists."`
	Database string `help:"The database to copy: sqlite:PATH (default: sqlite:lockstep.db)." env:"DATABASE_URL" placeholder:"URL" example:"sqlite:lockstep.db"`
	Config   string `help:"Configuration file (default: lockstep.toml, if it exists)." env:"LOCKSTEP_CONFIG" type:"path" placeholder:"FILE" example:"lockstep.toml"`
	JSON     bool   `help:"Print JSON."`
}

// Help is shown by backup --help.
func (*backupCommand) Help() string {
	return "Works on the database's file, without the API, also while the service writes to it. Checks the copy before it gets its name. The file holds personal data and can be read by its owner only. docs/backup.md says how to restore it."
}

// errPostgres says what to use instead.
var errPostgres = errors.New("backup: the database is PostgreSQL, which has its own tools; use pg_dump --format=custom for a copy, and WAL archiving (pg_basebackup, or your provider's point-in-time recovery) to lose less than a day; docs/backup.md says what happens after restoring")

// backupResult is the result.
type backupResult struct {
	File     string           `json:"file"`
	Database string           `json:"database"`
	At       time.Time        `json:"at"`
	Bytes    int64            `json:"bytes"`
	Schema   int64            `json:"schema"`
	Rows     map[string]int64 `json:"rows"`
}

// Run copies, checks and prints what the backup holds.
func (c *backupCommand) Run(ctx context.Context, in *surroundings) error {
	f, err := readFile(c.Config)
	if err != nil {
		return err
	}
	url := first(c.Database, f.Database, defaultDatabase)
	if strings.HasPrefix(url, "postgres:") || strings.HasPrefix(url, "postgresql:") {
		return errPostgres
	}
	path, isFile := strings.CutPrefix(url, "sqlite:")
	if !isFile || path == "" {
		return fmt.Errorf("DATABASE_URL (or --database): it starts with %s; use sqlite:PATH, for example %s", scheme(url),
			defaultDatabase)
	}
	shown := newProgress(os.Stderr)
	report, err := sqlitestore.Backup(ctx, sqlitestore.BackupConfig{From: path, To: c.File, Replace: c.Force,
		Progress: func(phase string, done, total int64) {
			if total == 0 && !shown.terminal {
				fmt.Fprintln(os.Stderr, phase)
				return
			}
			shown.at(backfillProgress{Phase: phase, Done: done, Total: total})
		}})
	shown.end()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if c.JSON {
		return json.NewEncoder(in.stdout).Encode(backupResult{c.File, path, report.At, report.Bytes, report.Schema,
			report.Rows})
	}
	fmt.Fprintf(in.stdout, "Copied and checked %s as of %s: %s (%d bytes, schema %d, %d accounts, %d licenses, %d events).\n", path,
		report.At.Format(time.RFC3339), c.File, report.Bytes, report.Schema, report.Rows["accounts"], report.Rows["licenses"],
		report.Rows["events"])
	return nil
}
