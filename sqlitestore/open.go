package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/buckets"
	"github.com/lockstep-dev/lockstep/internal/store/gauges"
	"github.com/lockstep-dev/lockstep/internal/store/listing"
	"github.com/lockstep-dev/lockstep/internal/store/passes"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
	"github.com/lockstep-dev/lockstep/internal/store/staged"
)

// readers is how many connections read at once. They share the page cache of the operating system;
// more of them would only wait for the processor.
const readers = 4

// DefaultCheckBelow is the size in bytes below which a database is checked for damage when it is
// opened. A check reads the whole file.
const DefaultCheckBelow = 64 << 20

type options struct {
	checkBelow int64
	log        *slog.Logger
	asIs       bool                // neither create nor migrate
	moved      bool                // also open a file whose data is being moved, or was
	stepRows   int                 // see [sqlstore.Dialect]
	disk       func(syncer) syncer // wraps the log, in tests
}

// Option changes how a database is opened.
type Option func(*options)

// CheckBelow sets the size in bytes below which databases are checked for damage when they are
// opened, instead of [DefaultCheckBelow]. 0 turns the check off.
func CheckBelow(size int64) Option {
	return func(o *options) { o.checkBelow = size }
}

// Log sets where the store logs what its operator must know: that every user of the machine can
// read the database, and that the database can no longer be written. By default it logs nothing.
func Log(log *slog.Logger) Option {
	return func(o *options) { o.log = log }
}

// AsIs opens only a database that exists and needs no migration. Otherwise [Open] changes nothing, and
// returns [fs.ErrNotExist] or a [*lockstep.MigrationsPendingError].
func AsIs() Option { return func(o *options) { o.asIs = true } }

// Open opens the database file at path, creates it if it does not exist, and brings its schema up
// to date. It refuses a damaged database, a newer schema than this program knows, a file system
// that cannot keep commits, and a log without its database.
//
// If the database or its log is removed, renamed or replaced while the store is open, every write
// fails from then on, and so does Ping.
func Open(ctx context.Context, path string, opts ...Option) (lockstep.Store, error) {
	store, err := open(ctx, path, opts...)
	if err != nil {
		return nil, fmt.Errorf("open SQLite database %s: %w", path, err)
	}
	return store, nil
}

func open(ctx context.Context, path string, opts ...Option) (*measured, error) {
	switch path {
	case "":
		return nil, errors.New("no path is given; give the path of a file")
	case ":memory:", "file::memory:":
		return nil, errors.New("a database in memory loses everything, and each connection has its own; give the path of a file")
	}
	o := options{checkBelow: DefaultCheckBelow, log: slog.New(slog.DiscardHandler),
		disk: func(log syncer) syncer { return log }}
	for _, opt := range opts {
		opt(&o)
	}
	if o.asIs {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	}
	before, err := create(path)
	if err != nil {
		return nil, err
	}
	files := &files{path: path}
	writer, err := files.open(writerDSN(path, "NORMAL", briefly), 1)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, writer, before.Size() > 0 && before.Size() < o.checkBelow, o.asIs); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	if !o.moved {
		if err := untilFree(ctx, func(ctx context.Context) error { return assertNotMoved(ctx, writer) }); err != nil {
			return nil, errors.Join(err, writer.Close())
		}
	}
	log, err := openJournal(ctx, files, before, o)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	if err := log.Flush(); err != nil { // what migrations committed
		return nil, errors.Join(err, log.Close(), writer.Close())
	}
	reader, err := files.open(readerDSN(path), readers)
	if err != nil {
		return nil, errors.Join(err, log.Close(), writer.Close())
	}
	files.warn(o.log)
	writes, reads := sqlrun.NewSQL(writer, 1, false, busy), sqlrun.NewSQL(reader, readers, true, busy)
	store := sqlstore.New(writes, reads, sqlstore.Dialect{Log: log, Failure: failure, StepRows: o.stepRows})
	return &measured{store, gauges.Gauges{Reader: reads, Use: resources(path, writes, reads)},
		listing.Lists{View: store.View}, staged.Reads{View: store.View},
		buckets.Buckets{Read: store.View, Write: store.Update},
		passes.Passes{Read: store.View, Write: store.Update}, inspector{reads, files}}, nil
}

// OpenDB opens an existing file to move its data elsewhere, without a store around it, and brings
// its schema up to date. Transactions of the handle begin immediate.
func OpenDB(ctx context.Context, path string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open SQLite database: %w", err)
	}
	store, err := Open(ctx, path, func(o *options) { o.moved = true })
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return sql.Open("sqlite", writerDSN(path, "FULL", patience))
}

// assertNotMoved refuses a file that internal/store/transfer has sealed: nothing could be written.
func assertNotMoved(ctx context.Context, db *sql.DB) error {
	var sealed bool
	err := db.QueryRowContext(ctx, "select exists (select 1 from sqlite_schema where type = 'table' and name = 'transfer')").Scan(&sealed)
	if err == nil && sealed {
		return errors.New("its data was moved to PostgreSQL; set DATABASE_URL to that database, or see lockstep migrate --help")
	}
	return err
}

// prepare checks the database before anything is stored in it.
func prepare(ctx context.Context, db *sql.DB, check, asIs bool) error {
	err := untilFree(ctx, func(ctx context.Context) error {
		if err := db.PingContext(ctx); err != nil {
			return err
		}
		if err := assertDurable(ctx, db); err != nil {
			return err
		}
		if check {
			return quickCheck(ctx, db)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if asIs {
		return untilFree(ctx, func(ctx context.Context) error { return assertMigrated(ctx, db) })
	}
	return migrate(ctx, db)
}

// briefly is how long SQLite itself waits for another process that holds the database. That wait
// cannot be interrupted; the store repeats it for as long as its caller's context allows.
const briefly = 10 * time.Millisecond

// writerDSN returns the DSN of a writing connection. With synchronous=FULL its commits are durable
// by themselves, with NORMAL once the journal is flushed.
func writerDSN(path, synchronous string, busy time.Duration) string {
	return dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			busyTimeout(busy),
			"journal_mode(WAL)",
			"synchronous(" + synchronous + ")",
			"foreign_keys(1)",
			"wal_autocheckpoint(8000)",     // pages; in a commit, if the checkpoints do not keep up
			"journal_size_limit(67108864)", // a burst does not leave a large file behind
			"cache_size(-4000)",            // KB
			// Otherwise SQLite writes to a file what it needs to undo a statement of many rows: a
			// third of all it wrote.
			"temp_store(MEMORY)",
		},
	})
}

func checkpointDSN(path string) string {
	return dsn(path, url.Values{"_pragma": {busyTimeout(briefly), "synchronous(FULL)", "wal_autocheckpoint(0)"}})
}

func readerDSN(path string) string {
	return dsn(path, url.Values{"_pragma": {busyTimeout(briefly), "synchronous(FULL)", "foreign_keys(1)",
		"query_only(1)"}})
}

func busyTimeout(d time.Duration) string { return fmt.Sprintf("busy_timeout(%d)", d.Milliseconds()) }

// dsn writes path as a URI, because a plain path may contain a question mark. A connection does not create
// the file: that would hide that somebody removed it.
func dsn(path string, query url.Values) string {
	query.Set("mode", "rw")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}
