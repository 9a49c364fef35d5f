package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Store keeps everything in an SQL database.
type Store struct {
	writer, reader *pool

	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup // transactions; counted under mu while not closed
}

var (
	_ lockstep.Store       = (*Store)(nil)
	_ lockstep.Overlapping = (*Store)(nil)
)

// New returns the store over a database whose schema is up to date. Both handles
// are the store's from now on; they may be the same.
func New(writer, reader *sql.DB, dialect Dialect) *Store {
	return &Store{writer: newPool(writer, dialect, true), reader: newPool(reader, dialect, false)}
}

var errClosed = errors.New("store is closed")

func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.inside.Add(1)
	return nil
}

func (s *Store) leave() { s.inside.Done() }

// Close waits for the transactions that have begun, refuses others, and closes
// the database. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.inside.Wait()
	// The writer is last: SQLite empties its log when the last connection closes,
	// and only a writing one can.
	err := s.reader.close()
	if log := s.writer.dialect.Log; log != nil {
		err = errors.Join(err, log.Close())
	}
	if err := errors.Join(err, s.writer.close()); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

const (
	beat Statement = `
insert into heartbeat (id, at) values (1, $1)
on conflict (id) do update set at = case when excluded.at > heartbeat.at then excluded.at else heartbeat.at end`
	selectBeat Statement = `select at from heartbeat where id = 1`
)

// Ping implements [lockstep.Store]: it commits a write and reads it back.
func (s *Store) Ping(ctx context.Context) error {
	var wrote, read int64
	err := s.write(ctx, func(t *tx) error {
		wrote = t.now()
		_, err := t.exec(ctx, beat, wrote)
		return err
	})
	if err != nil {
		return fmt.Errorf("write heartbeat: %w", err)
	}
	err = s.read(ctx, func(t *tx) error { return t.row(ctx, selectBeat).Scan(&read) })
	if err != nil {
		return fmt.Errorf("read heartbeat: %w", err)
	}
	if read < wrote { // another process may have written a later one
		return fmt.Errorf("read heartbeat: %d is older than %d, which was just written", read, wrote)
	}
	return nil
}

// millis is t as the database keeps it.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the time that millis wrote.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// orNull is the way in which the database keeps a value whose zero means none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
