package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// database is a [sqlrun.Database] over a pool of connections.
type database struct {
	pool  *pgxpool.Pool
	begin string // the statement that begins a transaction
}

// The statements that begin transactions. A transaction that reads sees one state.
const (
	beginWriting = "begin"
	beginReading = "begin isolation level repeatable read read only"
)

// Begin implements [sqlrun.Database]. The server begins with the first Send.
func (d *database) Begin(ctx context.Context) (sqlrun.Transaction, error) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &transaction{conn: conn, begin: d.begin}, nil
}

// Close waits until every connection is given back.
func (d *database) Close() error {
	d.pool.Close()
	return nil
}

// transaction sends each batch of statements in one round trip, as pgx's own batch: the begin with
// the first batch, the commit with the last.
type transaction struct {
	conn  *pgxpool.Conn
	begin string // the statement that starts the transaction; empty once it has started
}

// Send implements [sqlrun.Transaction].
func (t *transaction) Send(ctx context.Context, queries []*sqlrun.Query, commit bool) error {
	batch := &pgx.Batch{}
	if t.begin != "" {
		batch.Queue(t.begin)
		t.begin = ""
	}
	for _, q := range queries {
		batch.Queue(q.SQL, arguments(q.Args)...).Query(func(rows pgx.Rows) error { return read(q, rows) })
	}
	if commit {
		batch.Queue("commit").Exec(committed)
	}
	return t.conn.SendBatch(ctx, batch).Close()
}

// read reads the rows of a query.
func read(q *sqlrun.Query, rows pgx.Rows) error {
	for rows.Next() {
		if q.Row == nil {
			continue
		}
		if err := q.Row(row{rows}); err != nil {
			return fmt.Errorf("%s: %w", sqlrun.Brief(q.SQL), err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", sqlrun.Brief(q.SQL), err)
	}
	q.Changed = rows.CommandTag().RowsAffected()
	return nil
}

// committed checks that the server did not turn the commit into a rollback, as it does after a
// statement has failed.
func committed(tag pgconn.CommandTag) error {
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// rollbackWithin is how long a rollback may take. A connection that takes longer is closed.
const rollbackWithin = 5 * time.Second

// End implements [sqlrun.Transaction]. The pool closes a connection that is still in a
// transaction.
func (t *transaction) End() {
	defer t.conn.Release()
	conn := t.conn.Conn()
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackWithin)
	defer cancel()
	_, _ = conn.Exec(ctx, "rollback") // if it fails, Release closes the connection
}

// row scans numbers into booleans too, as database/sql does for SQLite: the tables of both databases
// hold them as 0 and 1.
type row struct{ pgx.Rows }

func (r row) Scan(dest ...any) error {
	for i, to := range dest {
		if to, is := to.(*bool); is {
			dest[i] = (*boolean)(to)
		}
	}
	return r.Rows.Scan(dest...)
}

// boolean is an [database/sql.Scanner].
type boolean bool

func (b *boolean) Scan(value any) error {
	switch v := value.(type) {
	case bool:
		*b = boolean(v)
	case int64:
		*b = v != 0
	default:
		return fmt.Errorf("a %T is not a boolean", value)
	}
	return nil
}

// connect opens a pool of up to so many connections. It closes each of them from time to time, so
// that connections spread again over the servers behind a name.
func connect(ctx context.Context, config *pgxpool.Config, connections int, begin string) (*database, error) {
	config = config.Copy()
	config.MaxConns = int32(connections) //nolint:gosec // few
	config.MinConns, config.MinIdleConns = 0, 0
	config.MaxConnIdleTime, config.MaxConnLifetime = 5*time.Minute, 30*time.Minute
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &database{pool: pool, begin: begin}, nil
}

// code is PostgreSQL's code of an error (SQLSTATE); empty for other errors.
func code(err error) string {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return ""
	}
	return pgErr.Code
}

// failure classifies an error by its code.
func failure(err error) sqlrun.Failure {
	switch code(err) {
	case "23505": // unique_violation
		return sqlrun.Conflict
	case "40P01", "40001": // deadlock_detected, serialization_failure
		return sqlrun.Undone
	}
	return sqlrun.Other
}
