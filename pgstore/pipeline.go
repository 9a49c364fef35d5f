package pgstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// manner is how a statement is said in a transaction, by its context.
type manner int

const (
	unhurried manner = 1 << iota // sent with the next one whose answer is wanted, see later
	final                        // the commit is sent with it, see last
)

type mannerKey struct{}

func mannerOf(ctx context.Context) manner {
	m, _ := ctx.Value(mannerKey{}).(manner)
	return m
}

func with(ctx context.Context, m manner) context.Context {
	return context.WithValue(ctx, mannerKey{}, mannerOf(ctx)|m)
}

// later is [sqlstore.Dialect]'s Later.
func later(ctx context.Context) context.Context { return with(ctx, unhurried) }

// last is [sqlstore.Dialect]'s Last.
func last(ctx context.Context) context.Context { return with(ctx, final) }

// connector connects as pgx does, to connections that send several statements at once.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	plain, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: plain.(*stdlib.Conn)}, nil
}

// conn is pgx's connection, which in a transaction says nothing before an answer is
// wanted: then it sends all that was said in one go, and reads all answers. The server
// does them in the order in which they were said, and stops at the first that fails.
type conn struct {
	*stdlib.Conn
	tx *pipeline // nil: there is no transaction
}

// pipeline is a transaction. It is the driver.Tx of its connection.
type pipeline struct {
	conn   *conn
	ctx    context.Context //nolint:containedctx // of the transaction, as database/sql ends it without one
	said   []*answer       // and not sent yet
	commit *answer         // nil: it was not said yet
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin := "begin"
	switch sql.IsolationLevel(opts.Isolation) {
	case sql.LevelDefault:
	case sql.LevelRepeatableRead:
		begin += " isolation level repeatable read"
	default:
		return nil, fmt.Errorf("isolation %s is not used here", sql.IsolationLevel(opts.Isolation))
	}
	if opts.ReadOnly {
		begin += " read only"
	}
	c.tx = &pipeline{conn: c, ctx: ctx}
	c.tx.say(ctx, begin, nil)
	return c.tx, nil
}

// ExecContext implements [driver.ExecerContext]. What is said for later has changed no
// rows yet.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.tx == nil {
		return c.Conn.ExecContext(ctx, query, args)
	}
	a, err := c.tx.ask(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return driver.RowsAffected(a.affected), a.err
}

// QueryContext implements [driver.QueryerContext]. Rows that are asked for later come when
// the first of them is wanted.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.tx == nil {
		return c.Conn.QueryContext(ctx, query, args)
	}
	a, err := c.tx.ask(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if a.err != nil {
		return nil, a.err
	}
	return a, nil
}

// ask says a statement, and has it answered unless that may come later.
func (p *pipeline) ask(ctx context.Context, query string, args []driver.NamedValue) (*answer, error) {
	if p.commit != nil {
		return nil, errors.New("a statement comes after the last one")
	}
	a := p.say(ctx, query, args)
	if mannerOf(ctx)&final != 0 {
		p.commit = p.say(ctx, "commit", nil)
	}
	if mannerOf(ctx)&unhurried == 0 {
		p.send(ctx)
	}
	return a, nil
}

func (p *pipeline) say(ctx context.Context, query string, args []driver.NamedValue) *answer {
	a := &answer{pipeline: p, ctx: ctx, query: query}
	for _, arg := range args {
		a.args = append(a.args, arg.Value)
	}
	p.said = append(p.said, a)
	return a
}

// send sends what was said, and reads the answers.
func (p *pipeline) send(ctx context.Context) {
	said := p.said
	p.said = nil
	batch := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(said))}
	for _, a := range said {
		batch.Queue(a.query, a.args...)
	}
	results := p.conn.Conn.Conn().SendBatch(ctx, batch)
	var failed error
	for _, a := range said {
		if failed == nil {
			if a.read(results); a.err != nil {
				failed = fmt.Errorf("%s…: %w", a.brief(), a.err)
			}
		} else { // it was not done
			a.err = failed
		}
	}
	if err := results.Close(); err != nil && failed == nil {
		said[len(said)-1].err = err
	}
}

// Commit implements [driver.Tx]. Where the commit was sent with the last statement it only
// says how it ended: the statement may have been done and the commit not.
func (p *pipeline) Commit() error {
	p.conn.tx = nil
	if p.commit == nil {
		p.commit = p.say(p.ctx, "commit", nil)
	}
	if len(p.said) > 0 {
		p.send(p.ctx)
	}
	if p.commit.err == nil && p.commit.tag == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	if p.commit.err != nil {
		return errors.Join(p.commit.err, p.rollback())
	}
	return nil
}

// Rollback implements [driver.Tx].
func (p *pipeline) Rollback() error {
	p.conn.tx = nil
	return p.rollback()
}

// rollback ends the transaction, if the server has begun it. A connection on which that
// fails is of no more use.
func (p *pipeline) rollback() error {
	p.said = nil
	plain := p.conn.Conn.Conn()
	if plain.IsClosed() || plain.PgConn().TxStatus() == 'I' {
		return nil
	}
	if _, err := plain.Exec(p.ctx, "rollback"); err != nil {
		return errors.Join(err, plain.Close(p.ctx))
	}
	return nil
}

// answer is a statement and what the server says to it. It is the driver.Rows of a query.
type answer struct {
	pipeline *pipeline
	ctx      context.Context //nolint:containedctx // of the statement, as database/sql fetches rows without one
	query    string
	args     []any

	known    bool
	err      error
	tag      string
	affected int64
	columns  []string
	rows     [][]any
}

// read reads the answer from those that come.
func (a *answer) read(results pgx.BatchResults) {
	a.known = true
	rows, err := results.Query()
	if err != nil {
		a.err = err
		return
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			a.err = err
			return
		}
		a.rows = append(a.rows, values)
	}
	for _, field := range rows.FieldDescriptions() {
		a.columns = append(a.columns, field.Name)
	}
	rows.Close()
	a.err = rows.Err()
	a.tag, a.affected = rows.CommandTag().String(), rows.CommandTag().RowsAffected()
}

// await has the answer come.
func (a *answer) await() error {
	if !a.known && a.err == nil {
		if !slices.Contains(a.pipeline.said, a) {
			return errors.New("the transaction ended before its statement was sent")
		}
		a.pipeline.send(a.ctx)
	}
	return a.err
}

// brief is the beginning of the statement.
func (a *answer) brief() string {
	line, _, _ := strings.Cut(strings.TrimSpace(a.query), "\n")
	return line[:min(len(line), 60)]
}

// Columns implements [driver.Rows].
func (a *answer) Columns() []string {
	if a.await() != nil {
		return nil // Next says why
	}
	return a.columns
}

// Close implements [driver.Rows].
func (a *answer) Close() error {
	a.rows = nil
	return nil
}

// Next implements [driver.Rows].
func (a *answer) Next(row []driver.Value) error {
	if err := a.await(); err != nil {
		return err
	}
	if len(a.rows) == 0 {
		return io.EOF
	}
	for i, v := range a.rows[0] {
		switch v := v.(type) {
		case int32:
			row[i] = int64(v)
		case int16:
			row[i] = int64(v)
		case nil, int64, float64, bool, string, []byte, time.Time:
			row[i] = v
		default:
			return fmt.Errorf("column %s is a %T, which no statement here returns", a.columns[i], v)
		}
	}
	a.rows = a.rows[1:]
	return nil
}
