package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// Store implements [lockstep.Store] over an SQL database, except for the lists of package listing.
type Store struct {
	writer, reader sqlrun.Database
	dialect        Dialect

	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup // running transactions; incremented under mu while not closed
}

var _ lockstep.Overlapping = (*Store)(nil)

// New returns the store over a database whose schema is up to date. Transactions that write
// run on writer, all others on reader. The store owns both and closes them.
func New(writer, reader sqlrun.Database, dialect Dialect) *Store {
	return &Store{writer: writer, reader: reader, dialect: dialect}
}

// Overlap implements [lockstep.Overlapping].
func (s *Store) Overlap() int { return max(1, s.dialect.Overlap) }

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

// Close waits for the running transactions, refuses others, and closes the database. A second
// call does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.inside.Wait()
	// The writer comes last: SQLite empties its log when the last connection closes, and only
	// a writing connection can do that.
	err := s.reader.Close()
	if log := s.dialect.Log; log != nil {
		err = errors.Join(err, log.Close())
	}
	if err := errors.Join(err, s.writer.Close()); err != nil {
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
		t.queue(beat, wrote)
		return nil
	})
	if err != nil {
		return fmt.Errorf("write heartbeat: %w", err)
	}
	if read, err = one(ctx, s, scanNumber, selectBeat); err != nil {
		return fmt.Errorf("read heartbeat: %w", err)
	}
	if read < wrote { // another process may have written a later time
		return fmt.Errorf("read heartbeat: the database returned %d after %d was written", read, wrote)
	}
	return nil
}

// millis is a time as the database stores it.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment reads what millis wrote.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// orNull stores an empty string as null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
