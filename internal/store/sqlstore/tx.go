package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// tx is a transaction: the connection, its statements and the moment at which
// it is taken to happen.
type tx struct {
	sql   *sql.Tx
	pool  *pool
	clock *sql.Rows // the database's, which is not read yet
	at    int64     // see now

	changes []lockstep.Account // whose record is written, see changed
	news    []news             // see announce
}

// tries is how often a transaction is begun that the database undoes, or that was overtaken.
const tries = 5

// busyFor is how long a transaction waits for another process that holds the database.
const busyFor = 5 * time.Second

// errOvertaken ends a transaction that was about to create what another has created
// since this one looked. The next try finds it.
var errOvertaken = errors.New("another writer was faster")

// write runs do in a writing transaction, which is on disk when write returns
// nil and has changed nothing when it does not; except that nobody knows after the
// connection broke during the commit. do is run again when the database has undone
// the transaction for another's sake, or another was faster.
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	return s.early(ctx, func(t *tx) error {
		if err := t.readClock(); err != nil {
			return err
		}
		return do(t)
	})
}

// early is write for what needs an answer of the database before it needs the time: the
// two come together.
func (s *Store) early(ctx context.Context, do func(*tx) error) error {
	return s.earlyThen(ctx, func() {}, do)
}

// earlyThen is early, and calls committed when the transaction is committed and may not
// be on disk yet.
func (s *Store) earlyThen(ctx context.Context, committed func(), do func(*tx) error) error {
	for try := 1; ; try++ {
		err := s.transact(ctx, s.writer, nil, committed, func(t *tx) error {
			if err := do(t); err != nil {
				return err
			}
			return t.numberChanges(ctx)
		})
		undone := s.writer.dialect.undone(err)
		if try == tries || !undone && !errors.Is(err, errOvertaken) || ctx.Err() != nil {
			return err
		}
		if undone {
			// For whose sake it was is let pass: it wants what this transaction locks first.
			time.Sleep(rand.N(time.Duration(try) * 10 * time.Millisecond))
		}
	}
}

// read runs do in a transaction that sees one state of the database. The time comes with
// the first answer.
func (s *Store) read(ctx context.Context, do func(*tx) error) error {
	return s.transact(ctx, s.reader, &sql.TxOptions{ReadOnly: true, Isolation: s.reader.dialect.Snapshot}, func() {}, do)
}

// transact runs do in one transaction. While another process holds the database it tries again,
// for as long as [busyFor] and the context allow.
func (s *Store) transact(ctx context.Context, p *pool, opts *sql.TxOptions, committed func(),
	do func(*tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	start := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := p.transact(ctx, opts, committed, do)
		if !p.dialect.busy(err) || time.Since(start) >= busyFor {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for another process that holds the database: %w", context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

func (p *pool) transact(ctx context.Context, opts *sql.TxOptions, committed func(), do func(*tx) error) error {
	log := p.dialect.Log
	if !p.writing {
		log = nil
	}
	if log != nil { // what cannot become durable is not written
		if err := log.Err(); err != nil {
			return err
		}
	}
	p.prepare(ctx)
	sqlTx, err := p.db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { _ = sqlTx.Rollback() }() // after Commit it does nothing
	t := &tx{sql: sqlTx, pool: p}
	if err := t.askClock(ctx); err != nil {
		return err
	}
	if err := do(t); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return err
	}
	committed()
	if log != nil {
		return log.Flush()
	}
	return nil
}

// askClock has the time come with the first answer.
func (t *tx) askClock(ctx context.Context) (err error) {
	if t.pool.dialect.Clock == "" {
		t.at = time.Now().UnixMilli()
		return nil
	}
	if t.pool.dialect.Later != nil {
		ctx = t.pool.dialect.Later(ctx)
	}
	t.clock, err = t.sql.QueryContext(ctx, t.pool.dialect.Clock) //nolint:sqlclosecheck,rowserrcheck // readClock does
	return err
}

// readClock reads the time, if it was not read before.
func (t *tx) readClock() (err error) {
	if t.clock == nil {
		return nil
	}
	clock := t.clock
	t.clock = nil
	defer func() { err = errors.Join(err, clock.Close()) }()
	if !clock.Next() {
		return cmp.Or(clock.Err(), sql.ErrNoRows)
	}
	return clock.Scan(&t.at)
}

// now is the moment at which the transaction is taken to happen, in milliseconds. It is known
// from the first answer on: who needs it before reads the clock.
func (t *tx) now() int64 {
	if t.at == 0 {
		panic("sqlstore: the time is needed before it is known")
	}
	return t.at
}

// later has a statement done by when the transaction is committed, in the order in which
// statements are said. If it fails, so does the next one whose answer is wanted, or the commit.
func (t *tx) later(ctx context.Context, s Statement, args ...any) error {
	if t.pool.dialect.Later == nil {
		_, err := t.exec(ctx, s, args...)
		return err
	}
	replaceUnstorable(args)
	_, err := t.sql.ExecContext(t.pool.dialect.Later(ctx), t.pool.dialect.text(s, t.pool.writing),
		t.pool.dialect.arguments(args)...)
	return err
}

// last is the context for the last statement of a transaction, see [Dialect].
func (t *tx) last(ctx context.Context) context.Context {
	if t.pool.dialect.Last == nil {
		return ctx
	}
	return t.pool.dialect.Last(ctx)
}

// exec returns how many rows the statement changed.
func (t *tx) exec(ctx context.Context, s Statement, args ...any) (int64, error) {
	replaceUnstorable(args)
	var result sql.Result
	var err error
	if stmt := t.pool.lookup(s); stmt != nil {
		// nolint:sqlclosecheck // closed with the transaction
		result, err = t.sql.StmtContext(ctx, stmt).ExecContext(ctx, args...)
	} else {
		result, err = t.sql.ExecContext(ctx, t.pool.dialect.text(s, t.pool.writing), t.pool.dialect.arguments(args)...)
	}
	if err == nil {
		err = t.readClock()
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row asks for one row.
func (t *tx) row(ctx context.Context, s Statement, args ...any) scanner {
	replaceUnstorable(args)
	var row *sql.Row
	if stmt := t.pool.lookup(s); stmt != nil {
		row = t.sql.StmtContext(ctx, stmt).QueryRowContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	} else {
		row = t.sql.QueryRowContext(ctx, t.pool.dialect.text(s, t.pool.writing), t.pool.dialect.arguments(args)...)
	}
	if row.Err() == nil {
		if err := t.readClock(); err != nil {
			return broken{err}
		}
	}
	return row
}

// broken is a row that cannot be read.
type broken struct{ err error }

func (b broken) Scan(...any) error { return b.err }

func (t *tx) rows(ctx context.Context, s Statement, args ...any) (*sql.Rows, error) {
	replaceUnstorable(args)
	if stmt := t.pool.lookup(s); stmt != nil {
		return t.sql.StmtContext(ctx, stmt).QueryContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	}
	return t.sql.QueryContext(ctx, t.pool.dialect.text(s, t.pool.writing), t.pool.dialect.arguments(args)...)
}
