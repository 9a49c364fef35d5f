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

// ErrFinished is returned where everything was moved before.
var ErrFinished = errors.New("the business was moved to the target already; have DATABASE_URL name it and start the service")

// Config says what is moved where. Both databases have the newest schema.
type Config struct {
	Source *sql.DB   // SQLite; its transactions begin immediate
	Target *pgx.Conn // PostgreSQL
	Rows   int       // of a batch, at most; 0: 2000
	Bytes  int       // of a batch, about; 0: 8 MiB
	Log    *slog.Logger
}

// Moved is what became of a table.
type Moved struct {
	Table    string
	Rows     int64
	Checksum string
	Changed  int64 // texts that PostgreSQL cannot keep as they were
}

type mover struct {
	Config
	interrupt func(where string) error // tests end a move with it; nil otherwise
	said      time.Time
}

func (m *mover) interrupted(where string) error {
	if m.interrupt == nil {
		return nil
	}
	return m.interrupt(where)
}

// Run moves everything that has not been moved yet, and returns what there is then, by
// table. It returns [ErrFinished] where nothing was left to do.
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
	id, err := seal(ctx, m.Source)
	if err != nil {
		return nil, fmt.Errorf("seal the source: %w", err)
	}
	if err := m.claim(ctx, id); err != nil {
		return nil, err
	}
	done, err := m.progress(ctx)
	if err != nil {
		return nil, fmt.Errorf("read how far the move is: %w", err)
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
	if err := m.finish(ctx); err != nil {
		return nil, fmt.Errorf("finish: %w", err)
	}
	return moved, nil
}

// move moves what is left of a table.
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

// say tells of progress, not more often than people read.
func (m *mover) say(what string, t table, rows int64) {
	if time.Since(m.said) > 2*time.Second {
		m.said = time.Now()
		m.Log.Info(what, "table", t.name, "rows", rows)
	}
}

// compare reads both sides in full.
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
			return nil, fmt.Errorf("table %s differs: %d rows with checksum %s in the source, %d with %s in the target: somebody has written there; drop the target's database, create an empty one, and run this again",
				t.name, want.rows, want, got.rows, got)
		}
		moved = append(moved, Moved{Table: t.name, Rows: want.rows, Checksum: want.String(), Changed: changed})
	}
	return moved, m.compareTally(ctx)
}

// compareTally makes sure that the target's triggers have counted what was moved.
func (m *mover) compareTally(ctx context.Context) (err error) {
	want := map[string]int64{}
	rows, err := m.Source.QueryContext(ctx, "select status, events from event_tally where events > 0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var status string
		var n int64
		if err := rows.Scan(&status, &n); err != nil {
			return err
		}
		want[status] = n
	}
	if err := rows.Err(); err != nil {
		return err
	}
	counted, err := m.Target.Query(ctx, "select status, cast(sum(events) as bigint) from event_tally group by status having sum(events) > 0")
	if err != nil {
		return err
	}
	defer counted.Close()
	for counted.Next() {
		var status string
		var n int64
		if err := counted.Scan(&status, &n); err != nil {
			return err
		}
		if want[status] != n {
			return fmt.Errorf("the source counts %d events that are %s, the target %d: somebody has written there; drop the target's database, create an empty one, and run this again", want[status], status, n)
		}
		delete(want, status)
	}
	if err := counted.Err(); err != nil {
		return err
	}
	if len(want) > 0 {
		return fmt.Errorf("the target does not count the events that the source counts as %v", want)
	}
	return nil
}
