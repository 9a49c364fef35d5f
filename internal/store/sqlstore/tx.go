package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// tx is a transaction. It queues statements and sends them when a result is needed, or with
// the commit: see "Round trips" in the package comment.
type tx struct {
	on      sqlrun.Transaction
	dialect *Dialect
	writing bool
	later   bool // a power failure may undo the transaction, see Durability in the package comment

	at        int64           // see now
	queued    []*sqlrun.Query // and not sent yet
	committed bool
	failed    error // the first error of the database; nothing can follow it

	changes []lockstep.Account // accounts whose record this transaction writes, see changed
	news    []news             // see announce
	run     *report            // of the run that the transaction ends; nil: none
}

// tries is how often a transaction is repeated that the database undid, or that was overtaken.
const tries = 5

// busyFor is how long a transaction waits for another process that holds the database.
const busyFor = 5 * time.Second

// errOvertaken ends a transaction that was about to create a row which another writer has
// created since this one looked. The next try finds it.
var errOvertaken = errors.New("another writer was faster")

// write runs do in a writing transaction. When it returns nil, the transaction is on disk (see tx.later);
// when it returns an error, nothing has changed, except that the outcome is unknown after the
// connection broke during the commit. It runs do again when the database has undone the
// transaction so that another could proceed, or when another writer was faster.
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	return s.writeEarly(ctx, func(t *tx) error {
		if err := t.flush(ctx); err != nil { // brings the time
			return err
		}
		return do(t)
	})
}

// writeEarly is write for a transaction that asks the database something before it needs the
// time. The time comes with the first answer, which saves a round trip.
func (s *Store) writeEarly(ctx context.Context, do func(*tx) error) error {
	for try := 1; ; try++ {
		err := s.transact(ctx, true, do)
		undone := s.dialect.failure(err) == sqlrun.Undone
		if try == tries || !undone && !errors.Is(err, errOvertaken) || ctx.Err() != nil {
			return err
		}
		if undone {
			// Back off so that the winning transaction can proceed: it needs our locks.
			time.Sleep(rand.N(time.Duration(try) * 10 * time.Millisecond))
		}
	}
}

// read runs do in a transaction that sees one state of the database. The time comes with the
// first answer.
func (s *Store) read(ctx context.Context, do func(*tx) error) error {
	return s.transact(ctx, false, do)
}

// transact runs do in one transaction. While another process holds the database it tries again,
// for as long as [busyFor] and the context allow.
func (s *Store) transact(ctx context.Context, writing bool, do func(*tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	start := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := s.transactOnce(ctx, writing, do)
		if s.dialect.failure(err) != sqlrun.Busy || time.Since(start) >= busyFor {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for another process that holds the database: %w", context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

func (s *Store) transactOnce(ctx context.Context, writing bool, do func(*tx) error) error {
	database, log := s.reader, sqlrun.Log(nil)
	if writing {
		database, log = s.writer, s.dialect.Log
	}
	if log != nil { // do not write what cannot become durable
		if err := log.Err(); err != nil {
			return err
		}
	}
	on, err := database.Begin(ctx)
	if err != nil {
		return err
	}
	defer on.End()
	t := &tx{on: on, dialect: &s.dialect, writing: writing}
	t.queueClock()
	if err := do(t); err != nil {
		return err
	}
	if err := t.commit(ctx); err != nil {
		return err
	}
	switch {
	case log == nil:
		return nil
	case t.later:
		return log.Later()
	}
	return log.Flush()
}

// queueClock reads the clock of the process, or has the database's time come with the first answer.
func (t *tx) queueClock() {
	if t.dialect.Clock == "" {
		t.at = time.Now().UnixMilli()
		return
	}
	t.add(&sqlrun.Query{SQL: t.dialect.Clock, Row: func(row sqlrun.Scanner) error { return row.Scan(&t.at) }})
}

// now returns the time of the transaction in milliseconds. It is known from the first answer on.
func (t *tx) now() int64 {
	if t.at == 0 {
		panic("sqlstore: the time is needed before it is known")
	}
	return t.at
}

func (t *tx) add(q *sqlrun.Query) *sqlrun.Query {
	t.queued = append(t.queued, q)
	return q
}

// query queues a statement; row receives its rows, if it is not nil.
func (t *tx) query(s Statement, row func(sqlrun.Scanner) error, args []any) *sqlrun.Query {
	return t.add(&sqlrun.Query{SQL: t.dialect.text(s, t.writing), Args: args, Row: row, Long: long(s)})
}

// queue queues a write. If it fails, the next flush or the commit returns the error.
func (t *tx) queue(s Statement, args ...any) *sqlrun.Query { return t.query(s, nil, args) }

// exec runs a statement at once and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, s Statement, args ...any) (int64, error) {
	q := t.queue(s, args...)
	err := t.flush(ctx)
	return q.Changed, err
}

// flush sends what is queued and reads all answers.
func (t *tx) flush(ctx context.Context) error { return t.send(ctx, false) }

// commit sends what is queued together with the commit. The answers are there afterwards, and
// nothing can be queued any more. A transaction that does not call it is committed when its
// function returns.
func (t *tx) commit(ctx context.Context) error {
	if t.committed {
		return t.send(ctx, false)
	}
	if err := t.numberChanges(ctx); err != nil {
		return err
	}
	return t.send(ctx, true)
}

func (t *tx) send(ctx context.Context, commit bool) error {
	if t.failed != nil || len(t.queued) == 0 && !commit {
		return t.failed
	}
	if t.committed {
		return errors.New("a statement follows the commit")
	}
	queries := t.queued
	t.queued = nil
	t.failed = t.on.Send(ctx, queries, commit)
	t.committed = commit && t.failed == nil
	return t.failed
}
