package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrFinished means that an earlier run moved everything.
var ErrFinished = errors.New("everything was moved to the target already; set DATABASE_URL to it and start the service")

// startAgain tells the operator what to do about a damaged target.
const startAgain = "drop the target's database, create an empty one, and run this again"

// Config names the source and the target of a move. Both databases have the newest schema.
type Config struct {
	Source *sql.DB   // SQLite; its transactions begin immediate
	Target *pgx.Conn // PostgreSQL
	Rows   int       // at most this many in a batch; 0 means 2000
	Bytes  int       // about this many in a batch; 0 means 8 MiB
	By     Operator
	Log    *slog.Logger
}

// Operator is who moves the business, for the audit log.
type Operator struct {
	Name   string // local/USER
	Reason string // may be empty
}

// Moved is the result for one table.
type Moved struct {
	Table    string
	Rows     int64
	Checksum string
	Changed  int64 // texts that PostgreSQL cannot store unchanged
}

type mover struct {
	Config
	id        string                   // of the source's seal
	interrupt func(where string) error // tests interrupt a move with it; nil otherwise
	said      time.Time
}

func (m *mover) interrupted(where string) error {
	if m.interrupt == nil {
		return nil
	}
	return m.interrupt(where)
}

// Run moves everything that was not moved yet, and returns the result for each table. It returns
// [ErrFinished] if there was nothing left to do.
func Run(ctx context.Context, c Config) ([]Moved, error) {
	return (&mover{Config: c}).run(ctx)
}

func (m *mover) run(ctx context.Context) ([]Moved, error) {
	if m.Rows == 0 {
		m.Rows = 2000
	}
	if m.Bytes == 0 {
		m.Bytes = 8 << 20
	}
	var err error
	if m.id, err = seal(ctx, m.Source, m.By); err != nil {
		return nil, fmt.Errorf("seal the source: %w", err)
	}
	if err := m.claim(ctx, m.id); err != nil {
		return nil, err
	}
	done, err := m.progress(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the progress of the move: %w", err)
	}
	for _, t := range tables {
		if err := m.move(ctx, t, done[t.name]); err != nil {
			return nil, fmt.Errorf("move table %s: %w", t.name, err)
		}
	}
	moved, err := m.compare(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.finish(ctx, moved); err != nil {
		return nil, fmt.Errorf("finish: %w", err)
	}
	return moved, nil
}

// move moves the rest of a table.
func (m *mover) move(ctx context.Context, t table, at progress) error {
	for !at.done {
		b, err := m.next(ctx, t, at.after)
		if err != nil {
			return err
		}
		if at, err = m.write(ctx, t, at, b); err != nil {
			return err
		}
		m.say("moving", t, at.moved)
		if err := m.interrupted("after a commit"); err != nil {
			return err
		}
	}
	return nil
}

// say logs progress, at most every two seconds.
func (m *mover) say(what string, t table, rows int64) {
	if time.Since(m.said) > 2*time.Second {
		m.said = time.Now()
		m.Log.Info(what, "table", t.name, "rows", rows)
	}
}

// compare reads both databases in full and compares their checksums.
func (m *mover) compare(ctx context.Context) ([]Moved, error) {
	var moved []Moved
	for _, t := range tables {
		m.say("comparing", t, 0)
		want, changed, err := m.sumSource(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("read table %s of the source: %w", t.name, err)
		}
		got, err := m.sumTarget(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("read table %s of the target: %w", t.name, err)
		}
		if got != want {
			return nil, fmt.Errorf("table %s differs: %d rows with checksum %s in the source, %d with %s in the target: another program wrote there; "+startAgain,
				t.name, want.rows, want, got.rows, got)
		}
		moved = append(moved, Moved{Table: t.name, Rows: want.rows, Checksum: want.String(), Changed: changed})
	}
	return moved, nil
}
