package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"modernc.org/sqlite"
)

// files are the database, its log and the log's index, as they were when the database was opened.
// SQLite continues to write to a file that was removed, renamed or replaced, and every write
// succeeds; but the next process that opens the path does not find what was written. So the journal
// compares device and inode of each file before a commit is acknowledged. The system does not reuse
// an inode while SQLite has the file open, so the comparison is exact.
//
// It does not notice a file that is overwritten in place, as `cp backup.db lockstep.db` does.
type files struct {
	path   string
	opened []file // empty while the database is being opened
}

type file struct {
	name string
	info os.FileInfo
}

// names returns the paths of the database and of the files that SQLite keeps beside it.
func (f *files) names() []string { return []string{f.path, f.path + "-wal", f.path + "-shm"} }

// remember notes which files are open, once a connection has opened all of them. It fails if the
// database is not the one that was there before it was opened.
func (f *files) remember(before os.FileInfo) error {
	var opened []file
	for _, name := range f.names() {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		opened = append(opened, file{name, info})
	}
	if !os.SameFile(before, opened[0].info) {
		return errors.New("the file was replaced while it was being opened; start again")
	}
	f.opened = opened
	return nil
}

// check returns an error if a file is not the one that was opened.
func (f *files) check() error {
	for _, opened := range f.opened {
		now, err := os.Stat(opened.name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s was removed or renamed while Lockstep had it open; see docs/sqlite.md", opened.name)
		case err != nil:
			return fmt.Errorf("look for the database's files: %w", err)
		case !os.SameFile(now, opened.info):
			return fmt.Errorf("%s was replaced while Lockstep had it open; see docs/sqlite.md", opened.name)
		}
	}
	return nil
}

// fix says what an operator does after check has failed.
func (f *files) fix() string {
	return "put back " + strings.Join(f.names(), ", ") +
		" as they were, then restart Lockstep; docs/sqlite.md says how to save removed files before that"
}

// warn logs a warning if every user of the machine can read the personal data.
func (f *files) warn(log *slog.Logger) {
	if exposed := f.exposed(); len(exposed) > 0 {
		log.Warn("every user of this machine can open the database, which holds personal data", "file", exposed[0].Path,
			"mode", exposed[0].Mode, "fix", "chmod 600 "+strings.Join(f.names(), " "))
	}
}

// connector refuses to open a connection after one of the files was replaced: a connection that the
// pool opens later must not read or write another file.
type connector struct {
	driver.Connector
	files *files
}

// open returns a pool of up to this many connections, and keeps them open.
func (f *files) open(dsn string, connections int) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector{c, f})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.files.check(); err != nil { // before SQLite creates a missing log
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, cmp.Or(c.files.check(), err) // says more, if a file was removed meanwhile
	}
	if err := c.files.check(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// create creates the database if it does not exist, and returns its file info. The file holds
// personal data, so only its owner may read it; the files that SQLite creates beside it inherit
// that. create does not open an existing file: closing it would release the locks that this process
// holds on it through SQLite.
//
// It refuses a log without its database: SQLite would delete the log, and the last commits with it.
// It looks for the log first, because a process that creates the database at the same time writes
// to the database before the log.
func create(path string) (os.FileInfo, error) {
	log, err := os.Stat(path + "-wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if log != nil && log.Size() > 0 && (info == nil || info.Size() == 0) {
		return nil, fmt.Errorf("the database is missing or empty, but its log %[1]s-wal has %[2]d bytes, which may be payments that are stored nowhere else; put the database back beside its log, or start empty with: mv %[1]s-wal %[1]s-wal.old",
			path, log.Size())
	}
	if info != nil {
		return info, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return os.Stat(path)
	}
	if err != nil {
		return nil, err
	}
	info, err = file.Stat()
	return info, errors.Join(err, file.Close())
}
