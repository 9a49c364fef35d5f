package sqlrun

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// SQL is a [Database] over database/sql, for a driver without round trips. It keeps its
// connections, each with the statements that it has prepared.
type SQL struct {
	db       *sql.DB
	readOnly bool
	keep     func(error) bool
	free     chan *connection // nil: one may be opened

	waits, waited atomic.Int64 // how often, and how many nanoseconds, transactions waited for a connection
}

// NewSQL returns a database with up to so many connections that only reads, or whose transactions write.
// keep says after which errors of a begin, or of a statement without one, the connection can be used again;
// it is closed after others.
//
// A transaction that reads begins with its first statement, unless that is also the last: one statement sees
// one state of the database by itself.
func NewSQL(db *sql.DB, connections int, readOnly bool, keep func(error) bool) *SQL {
	d := &SQL{db: db, readOnly: readOnly, keep: keep, free: make(chan *connection, connections)}
	for range connections {
		d.free <- nil
	}
	return d
}

// Begin implements [Database]. It waits for a connection.
func (d *SQL) Begin(ctx context.Context) (_ Transaction, err error) {
	var c *connection
	select {
	case c = <-d.free:
	default:
		if c, err = d.wait(ctx); err != nil {
			return nil, err
		}
	}
	if c == nil {
		conn, err := d.db.Conn(ctx)
		if err != nil {
			d.free <- nil
			return nil, err
		}
		c = &connection{conn: conn, prepared: map[string]*sql.Stmt{}}
	}
	t := &sqlTransaction{database: d, on: c}
	if d.readOnly {
		return t, nil
	}
	if err := t.begin(ctx, "begin immediate"); err != nil {
		t.End()
		return nil, err
	}
	return t, nil
}

// wait waits for a connection that another transaction gives back.
func (d *SQL) wait(ctx context.Context) (*connection, error) {
	since := time.Now()
	d.waits.Add(1)
	defer func() { d.waited.Add(int64(time.Since(since))) }()
	select {
	case c := <-d.free:
		return c, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Pool says how the connections are used.
func (d *SQL) Pool() (inUse, most int, waits int64, waited time.Duration) {
	return cap(d.free) - len(d.free), cap(d.free), d.waits.Load(), time.Duration(d.waited.Load())
}

// Close closes the connections and the handle. No transaction may be running.
func (d *SQL) Close() error {
	var errs []error
	for len(d.free) > 0 {
		if c := <-d.free; c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(append(errs, d.db.Close())...)
}

// connection is a connection with its prepared statements.
type connection struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func (c *connection) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	stmt := c.prepared[text]
	if stmt == nil {
		var err error
		if stmt, err = c.conn.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // close does
			return nil, err
		}
		c.prepared[text] = stmt
	}
	return stmt, nil
}

func (c *connection) exec(ctx context.Context, text string) error {
	stmt, err := c.prepare(ctx, text) //nolint:sqlclosecheck // close does
	if err == nil {
		_, err = stmt.ExecContext(ctx)
	}
	return err
}

// close closes the connection and an open transaction. The pool of database/sql would keep both.
func (c *connection) close() error {
	var errs []error
	for _, stmt := range c.prepared {
		errs = append(errs, stmt.Close())
	}
	err := c.conn.Raw(func(any) error { return driver.ErrBadConn })
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		err = nil
	}
	return errors.Join(append(errs, err)...)
}

type sqlTransaction struct {
	database *SQL
	on       *connection // nil once it is given back
	begun    bool
	bad      bool // the connection cannot be used again
}

// begin begins the transaction with a statement.
func (t *sqlTransaction) begin(ctx context.Context, statement string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.on.exec(context.WithoutCancel(ctx), statement); err != nil {
		t.bad = !t.database.keep(err)
		return err
	}
	t.begun = true
	return nil
}

// Send implements [Transaction]. It looks at ctx between statements and between rows. It interrupts only a
// long query, because database/sql and the driver would both start a goroutine for each statement only to
// watch ctx.
func (t *sqlTransaction) Send(ctx context.Context, queries []*Query, commit bool) error {
	if !t.begun && (len(queries) > 1 || !commit) {
		if err := t.begin(ctx, "begin"); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
	}
	for _, q := range queries {
		if q.Skip != nil && q.Skip() {
			continue
		}
		if err := t.run(ctx, q); err != nil {
			t.bad = !t.begun && ctx.Err() == nil && !t.database.keep(err)
			return fmt.Errorf("%s: %w", Brief(q.SQL), err)
		}
	}
	if !commit {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.begun {
		if err := t.on.exec(context.WithoutCancel(ctx), "commit"); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	t.giveBack(t.on) // the next transaction may begin while this one waits for the disk
	return nil
}

func (t *sqlTransaction) run(ctx context.Context, q *Query) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stmt, err := t.on.prepare(context.WithoutCancel(ctx), q.SQL) //nolint:sqlclosecheck // the connection closes it
	if err != nil {
		return err
	}
	replaceUnstorable(q.Args)
	if q.Row != nil {
		return t.read(ctx, stmt, q)
	}
	result, err := stmt.ExecContext(context.WithoutCancel(ctx), q.Args...)
	if err != nil {
		return err
	}
	q.Changed, err = result.RowsAffected()
	return err
}

func (t *sqlTransaction) read(ctx context.Context, stmt *sql.Stmt, q *Query) (err error) {
	watched := context.WithoutCancel(ctx)
	if q.Long && t.database.readOnly {
		watched = ctx
	}
	rows, err := stmt.QueryContext(watched, q.Args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for ctx.Err() == nil && rows.Next() {
		if err := q.Row(rows); err != nil {
			return err
		}
	}
	return errors.Join(ctx.Err(), rows.Err())
}

// End implements [Transaction]. A connection that cannot roll back is closed, which does.
func (t *sqlTransaction) End() {
	on := t.on
	if on == nil { // committed
		return
	}
	if t.bad || t.begun && on.exec(context.Background(), "rollback") != nil {
		_ = on.close()
		on = nil
	}
	t.giveBack(on)
}

func (t *sqlTransaction) giveBack(on *connection) {
	t.on = nil
	t.database.free <- on
}

// Brief is the first line of a statement, for an error.
func Brief(statement string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(statement), "\n")
	return line[:min(len(line), 60)]
}
