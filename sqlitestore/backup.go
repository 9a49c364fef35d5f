package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// BackupConfig says what to copy where.
type BackupConfig struct {
	From    string // the database; a service may be using it
	To      string // the file to create, on the same machine
	Replace bool   // also if To exists
	// Progress is called while the backup runs, with what is done of how much, in pages of the database. A total
	// of 0 means that it is unknown. It may be nil.
	Progress func(phase string, done, total int64)
}

// BackupReport says what a backup holds.
type BackupReport struct {
	At     time.Time        // everything that was acknowledged before is in the backup
	Bytes  int64            // of the file
	Schema int64            // version
	Rows   map[string]int64 // by table
}

// Backup copies a database while others write to it. The copy is the state of one moment.
//
// It reads a snapshot page by page, through SQLite's backup API. "vacuum into" would take longer and slow the
// writers down more, because it builds every index again. While Backup reads, the write-ahead log keeps what is
// written meanwhile.
//
// Backup writes to To with ".partial" behind it, checks that, syncs it, and renames it. So To never holds a part
// of a backup, whenever the process dies; the next backup writes over the part. The file is for its owner only.
func Backup(ctx context.Context, c BackupConfig) (report BackupReport, err error) {
	if err := c.check(); err != nil {
		return report, err
	}
	part, err := openPart(c.To + ".partial")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, part.close(err == nil)) }()
	if report, err = c.copy(ctx, part.path); err != nil {
		return report, fmt.Errorf("copy %s: %w", c.From, err)
	}
	c.tell("checking the copy", 0, 0)
	if err := checkBackup(ctx, part.path, report); err != nil {
		return report, fmt.Errorf("the copy of %s is not usable and was removed: %w", c.From, err)
	}
	if report.Bytes, err = part.sync(); err != nil {
		return report, err
	}
	if err := c.checkTarget(); err != nil { // somebody may have created it meanwhile
		return report, err
	}
	if err := os.Rename(part.path, c.To); err != nil {
		return report, err
	}
	return report, syncDirectory(filepath.Dir(c.To))
}

func (c BackupConfig) tell(phase string, done, total int64) {
	if c.Progress != nil {
		c.Progress(phase, done, total)
	}
}

// check refuses what cannot work before anything is written.
func (c BackupConfig) check() error {
	from, err := os.Stat(c.From)
	if err != nil {
		return fmt.Errorf("there is no database to back up: %w", err)
	}
	to, err := os.Stat(c.To)
	if err == nil && os.SameFile(from, to) {
		return fmt.Errorf("%s is the database itself; choose another file", c.To)
	}
	if err := c.checkTarget(); err != nil {
		return err
	}
	need := from.Size() + size(c.From+"-wal")
	if free := diskFree(filepath.Dir(c.To)); free >= 0 && free < need {
		return fmt.Errorf("%s has room for %d MB, but the backup may need %d MB; choose another disk", filepath.Dir(c.To),
			free>>20, need>>20+1)
	}
	return nil
}

// checkTarget refuses to write over a file without consent, and over a database that is in use: its log would
// then be applied to the backup.
func (c BackupConfig) checkTarget() error {
	info, err := os.Stat(c.To)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file; name a file", c.To)
	case !c.Replace:
		return fmt.Errorf("%s exists; choose another name, or replace it with --force", c.To)
	}
	for _, beside := range []string{"-wal", "-journal"} {
		if size(c.To+beside) > 0 {
			return fmt.Errorf("%[1]s%[2]s belongs to another database and would damage the backup; stop what uses %[1]s, or choose another name",
				c.To, beside)
		}
	}
	return nil
}

// pagesPerStep is how many pages are copied before the context is checked and the progress told: 4 MB.
const pagesPerStep = 1024

// copy copies a snapshot, and reports what is in it.
func (c BackupConfig) copy(ctx context.Context, to string) (report BackupReport, err error) {
	db, err := sql.Open("sqlite", readerDSN(c.From))
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	report.At = time.Now().UTC()
	// Within a transaction all steps see the same state. Without one, a step after another process has written
	// would start again from the first page.
	if _, err := conn.ExecContext(ctx, "begin"); err != nil {
		return report, err
	}
	defer func() { // the connection is closed anyway
		_, failed := conn.ExecContext(context.WithoutCancel(ctx), "rollback")
		err = errors.Join(err, failed)
	}()
	if report.Schema, report.Rows, err = contents(ctx, conn); err != nil {
		return report, err
	}
	return report, conn.Raw(func(driver any) error { return c.copyPages(ctx, driver, to) })
}

// copyPages copies all pages that the connection sees. The target needs no journal and no sync: after a crash
// nobody uses it.
func (c BackupConfig) copyPages(ctx context.Context, driver any, to string) (err error) {
	source, is := driver.(interface {
		NewBackup(uri string) (*sqlite.Backup, error)
	})
	if !is {
		return fmt.Errorf("the driver's connection %T cannot make backups", driver)
	}
	backup, err := source.NewBackup(dsn(to, url.Values{"_pragma": {"journal_mode(OFF)", "synchronous(OFF)"}}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backup.Finish()) }()
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = backup.Step(pagesPerStep); err != nil {
			return err
		}
		total := int64(backup.PageCount())
		c.tell("copying pages", total-int64(backup.Remaining()), total)
	}
	return nil
}
