package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/buckets"
	"github.com/lockstep-dev/lockstep/internal/store/gauges"
	"github.com/lockstep-dev/lockstep/internal/store/listing"
	"github.com/lockstep-dev/lockstep/internal/store/passes"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
	"github.com/lockstep-dev/lockstep/internal/store/staged"
)

// DefaultConnections is the largest number of connections that write. A third as many more read.
const DefaultConnections = 12

type options struct {
	connections int
	stepRows    int // see [sqlstore.Dialect]
	asIs        bool
}

// Option changes how a database is opened.
type Option func(*options)

// Connections lets the store use up to n connections instead of [DefaultConnections].
func Connections(n int) Option { return func(o *options) { o.connections = n } }

// AsIs opens only a database that needs no migration. Otherwise [Open] changes nothing, and returns a
// [*lockstep.MigrationsPendingError].
func AsIs() Option { return func(o *options) { o.asIs = true } }

// Open opens the database that a URL names (postgres://user:password@host/database, with the
// parameters of pgx) and brings its schema up to date. It refuses:
//
//   - a server that answers before a commit is on disk
//   - a database whose encoding is not UTF-8
//   - a schema of a later generation than this program
//   - a database into which data is still being moved
//
// Errors do not contain the URL, which may hold a password.
func Open(ctx context.Context, url string, opts ...Option) (lockstep.Store, error) {
	o := options{connections: DefaultConnections}
	for _, opt := range opts {
		opt(&o)
	}
	config, err := parse(url)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL database: %w", err)
	}
	store, err := open(ctx, config, o, newest)
	if err != nil {
		return nil, failedToOpen(config, err)
	}
	return store, nil
}

// Connect opens one connection to the database that a URL names, to move data into it, and brings
// its schema up to date. It refuses what [Open] refuses, except a database into which data is being
// moved.
func Connect(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := parse(url)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL database: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, failedToOpen(config, err)
	}
	if err := prepare(ctx, config, conn, newest); err != nil {
		return nil, errors.Join(failedToOpen(config, err), conn.Close(ctx))
	}
	return conn, nil
}

func failedToOpen(config *pgxpool.Config, err error) error {
	return fmt.Errorf("open PostgreSQL database %s on %s: %w", config.ConnConfig.Database, config.ConnConfig.Host, err)
}

// parse reads the URL.
func parse(url string) (*pgxpool.Config, error) {
	pool, err := pgxpool.ParseConfig(url)
	if err != nil {
		var parsing *pgconn.ParseConfigError
		if errors.As(err, &parsing) { // its text shows the URL, with the password removed only where pgx finds it
			return nil, errors.New("cannot read the URL; write postgres://user:password@host:5432/database")
		}
		return nil, err
	}
	config := pool.ConnConfig
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if _, named := config.RuntimeParams["application_name"]; !named {
		config.RuntimeParams["application_name"] = "lockstep"
	}
	// Give up a silent primary after 25 seconds, instead of two minutes.
	config.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second,
		Interval: 5 * time.Second, Count: 3}}).DialContext
	// A primary that has become a standby refuses to write. Close the connection, so that the next
	// try looks for the new primary.
	fatal := config.OnPgError
	config.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		const readOnly = "25006"
		return err.Code != readOnly && fatal(conn, err)
	}
	return pool, nil
}

// open opens a database and brings its schema up to the version, at least. Readers have
// connections of their own, so they never wait for writers.
func open(ctx context.Context, config *pgxpool.Config, o options, version int64) (*measured, error) {
	if o.connections < 2 {
		return nil, fmt.Errorf("connections: %d is too few; give at least 2, because one may wait for another", o.connections)
	}
	writer, err := connect(ctx, config, o.connections, beginWriting)
	if err != nil {
		return nil, err
	}
	if err := o.ready(ctx, config, writer.pool, version); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	if err := assertWhole(ctx, writer.pool); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader, err := connect(ctx, config, max(2, o.connections/3), beginReading)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	d := dialect()
	d.StepRows = o.stepRows
	store := sqlstore.New(writer, reader, d)
	return &measured{store, gauges.Gauges{Reader: reader, Clock: clock, Use: resources(writer, reader)},
		listing.Lists{View: store.View, Body: bodyOfEvent, Folded: foldedEmail}, staged.Reads{View: store.View},
		buckets.Buckets{Read: store.View, Write: store.Update},
		passes.Passes{Read: store.View, Write: store.Update}, inspector{reader}}, nil
}

// querier is a connection or a pool.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// prepare checks the server and brings the schema up to date.
func prepare(ctx context.Context, config *pgxpool.Config, db querier, version int64) error {
	if err := assertUsable(ctx, db); err != nil {
		return err
	}
	return migrate(ctx, config.ConnConfig, db, version)
}

// ready checks the server, and brings the schema up to date unless it must stay as it is.
func (o options) ready(ctx context.Context, config *pgxpool.Config, db querier, version int64) error {
	if !o.asIs {
		return prepare(ctx, config, db, version)
	}
	if err := assertUsable(ctx, db); err != nil {
		return err
	}
	return assertMigrated(ctx, db)
}

// assertUsable refuses a server that could not keep our promises.
func assertUsable(ctx context.Context, db querier) error {
	var version int
	var fsync, synchronous, encoding string
	err := db.QueryRow(ctx, `
select cast(current_setting('server_version_num') as integer), current_setting('fsync'),
	current_setting('synchronous_commit'), current_setting('server_encoding')`).Scan(&version, &fsync,
		&synchronous, &encoding)
	if err != nil {
		return err
	}
	switch {
	case version < 130000:
		return fmt.Errorf("the server is PostgreSQL %d; use version 13 or newer", version/10000)
	case fsync != "on":
		return errors.New("the server has fsync off, so a power failure would lose acknowledged events; turn fsync on")
	case synchronous == "off":
		return errors.New("synchronous_commit is off, so a crash of the server would lose acknowledged events; turn it on")
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s; create it with encoding UTF8", encoding)
	}
	return nil
}

// assertWhole refuses a database into which data is being moved, see internal/store/transfer.
func assertWhole(ctx context.Context, db querier) error {
	var moving bool
	if err := db.QueryRow(ctx, "select to_regclass('transfer') is not null").Scan(&moving); err != nil || !moving {
		return err
	}
	if err := db.QueryRow(ctx, "select not finished from transfer").Scan(&moving); err != nil {
		return err
	}
	if moving {
		return errors.New("a move into this database is not finished; run lockstep migrate again until it is")
	}
	return nil
}
