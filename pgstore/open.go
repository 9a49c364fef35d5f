package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// DefaultConnections is how many connections a store has at most.
const DefaultConnections = 12

type options struct {
	connections int
	stepRows    int // see [sqlstore.Dialect]
}

// Option changes how a database is opened.
type Option func(*options)

// Connections has the store use up to n connections instead of [DefaultConnections].
func Connections(n int) Option { return func(o *options) { o.connections = n } }

// Open opens the database that a URL names (postgres://user:password@host/database, with
// pgx's parameters) and brings its schema up to date. It refuses a server that answers
// before a commit is on disk, one that keeps texts in another encoding than UTF-8, and a
// schema that is of a later generation than this program. An error does not repeat the URL, which may hold
// a password.
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
		return nil, fmt.Errorf("open PostgreSQL database %s on %s: %w", config.Database, config.Host, err)
	}
	return store, nil
}

// Connect opens one connection to the database that a URL names, for a business to be
// moved into it, and brings its schema up to date. What Open refuses it refuses too, except
// a business that is half moved.
func Connect(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := parse(url)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL database: %w", err)
	}
	if err := prepare(ctx, config); err != nil {
		return nil, fmt.Errorf("open PostgreSQL database %s on %s: %w", config.Database, config.Host, err)
	}
	return pgx.ConnectConfig(ctx, config)
}

// prepare makes sure of the server and brings the schema up to date.
func prepare(ctx context.Context, config *pgx.ConnConfig) (err error) {
	db := pool(config, 1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := assertUsable(ctx, db); err != nil {
		return err
	}
	return migrate(ctx, config, db, newest)
}

// parse reads the URL.
func parse(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		var parsing *pgconn.ParseConfigError
		if errors.As(err, &parsing) { // its text shows the URL with the password left out, as far as it could be found
			return nil, errors.New("the URL cannot be read; write postgres://user:password@host:5432/database")
		}
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if _, named := config.RuntimeParams["application_name"]; !named {
		config.RuntimeParams["application_name"] = "lockstep"
	}
	// A primary that fell silent is given up after 25 seconds, instead of two minutes.
	config.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second,
		Interval: 5 * time.Second, Count: 3}}).DialContext
	// One that has become a standby refuses to write: the next try asks anew where the primary is.
	fatal := config.OnPgError
	config.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		const readOnly = "25006"
		return err.Code != readOnly && fatal(conn, err)
	}
	return config, nil
}

// open opens a database whose schema is brought up to a version at least.
func open(ctx context.Context, config *pgx.ConnConfig, o options, version int64) (*sqlstore.Store, error) {
	if o.connections < 2 {
		return nil, fmt.Errorf("%d connections are too few: one may wait for what another does", o.connections)
	}
	writer := pool(config, o.connections)
	if err := errors.Join(assertUsable(ctx, writer)); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	if err := migrate(ctx, config, writer, version); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	if err := assertWhole(ctx, writer); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	// Readers have connections of their own: a reader never waits for the writers'.
	d := dialect()
	d.StepRows = o.stepRows
	return sqlstore.New(writer, pool(config, max(2, o.connections/3)), d), nil
}

// pool is a handle on the database. Connections are given up from time to time, so that
// they spread again over what is behind a name.
func pool(config *pgx.ConnConfig, connections int) *sql.DB {
	db := sql.OpenDB(connector{stdlib.GetConnector(*config)})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(30 * time.Minute)
	return db
}

// assertUsable refuses a server that could not keep the promises.
func assertUsable(ctx context.Context, db *sql.DB) error {
	var version int
	var fsync, synchronous, encoding string
	err := db.QueryRowContext(ctx, `
select cast(current_setting('server_version_num') as integer), current_setting('fsync'),
	current_setting('synchronous_commit'),
	current_setting('server_encoding')`).Scan(&version, &fsync, &synchronous, &encoding)
	if err != nil {
		return err
	}
	switch {
	case version < 130000:
		return fmt.Errorf("the server is version %d; 13 or newer is needed", version/10000)
	case fsync != "on":
		return errors.New("the server has fsync off: a power failure would lose acknowledged events")
	case synchronous == "off":
		return errors.New("synchronous_commit is off: a crash of the server would lose acknowledged events")
	case encoding != "UTF8":
		return fmt.Errorf("the database keeps texts as %s; create it with encoding UTF8", encoding)
	}
	return nil
}

// assertWhole refuses a business that is half moved, see internal/store/transfer.
func assertWhole(ctx context.Context, db *sql.DB) error {
	var moving bool
	if err := db.QueryRowContext(ctx, "select to_regclass('transfer') is not null").Scan(&moving); err != nil || !moving {
		return err
	}
	if err := db.QueryRowContext(ctx, "select not finished from transfer").Scan(&moving); err != nil {
		return err
	}
	if moving {
		return errors.New("a business is being moved into it; run lockstep migrate again, until it is finished")
	}
	return nil
}
