package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// claim records in the target that this move owns it. A second move waits for the lock, and then finds
// what the first one recorded.
func (m *mover) claim(ctx context.Context, id string) error {
	return pgx.BeginFunc(ctx, m.Target, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "lock table events in share row exclusive mode"); err != nil {
			return err
		}
		var claimed bool
		if err := tx.QueryRow(ctx, "select to_regclass('transfer') is not null").Scan(&claimed); err != nil {
			return err
		}
		if claimed {
			return assertOurs(ctx, tx, id)
		}
		if err := assertEmpty(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
create table transfer (source text not null, finished boolean not null);
create table transfer_progress (name text primary key, after text not null, moved bigint not null,
	done boolean not null);
insert into transfer (source, finished) values ('`+id+`', false);`, pgx.QueryExecModeSimpleProtocol) // id is letters and digits
		return err
	})
}

// assertOurs refuses a target that another move has claimed. It returns [ErrFinished] if this move is
// finished.
func assertOurs(ctx context.Context, tx pgx.Tx, id string) error {
	var source string
	var finished bool
	if err := tx.QueryRow(ctx, "select source, finished from transfer").Scan(&source, &finished); err != nil {
		return err
	}
	switch {
	case source != id && finished:
		return errors.New("the target already holds the data of another file; give the URL of an empty database")
	case source != id:
		return errors.New("the target holds an unfinished move of another file, or of this file before it was unsealed; give the URL of an empty database")
	case finished:
		return ErrFinished
	}
	return nil
}

// assertEmpty refuses a target that was used.
func assertEmpty(ctx context.Context, tx pgx.Tx) error {
	for _, t := range tables {
		query := "select exists (select from " + t.name + ")"
		switch t.name {
		case "change_count":
			query = "select seq > 0 from change_count"
		case "brake":
			query = "select since > 0 from brake"
		case "trial_key":
			continue // a new database has one too; the table trials shows whether it was used
		}
		var used bool
		if err := tx.QueryRow(ctx, query).Scan(&used); err != nil {
			return err
		}
		if used {
			return fmt.Errorf("the target is in use: its table %s has rows; give the URL of an empty database", t.name)
		}
	}
	return nil
}

// progress is how far the move of a table is.
type progress struct {
	after string
	moved int64
	done  bool
}

// progress returns the progress of each table that was started.
func (m *mover) progress(ctx context.Context) (map[string]progress, error) {
	rows, err := m.Target.Query(ctx, "select name, after, moved, done from transfer_progress")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]progress{}
	for rows.Next() {
		var name string
		var p progress
		if err := rows.Scan(&name, &p.after, &p.moved, &p.done); err != nil {
			return nil, err
		}
		all[name] = p
	}
	return all, rows.Err()
}

// write writes a batch and its progress in one transaction.
func (m *mover) write(ctx context.Context, t table, from progress, b batch) (to progress, err error) {
	to = progress{after: b.after, moved: from.moved + int64(len(b.rows)), done: b.last}
	err = pgx.BeginFunc(ctx, m.Target, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "insert into transfer_progress (name, after, moved, done) values ($1, '', 0, false) on conflict do nothing", t.name); err != nil {
			return err
		}
		var now progress
		err := tx.QueryRow(ctx, "select after, moved, done from transfer_progress where name = $1 for update",
			t.name).Scan(&now.after, &now.moved, &now.done)
		if err != nil {
			return err
		}
		if now != from {
			return errors.New("another lockstep migrate is running; wait until it ends")
		}
		if t.replace && from.after == "" {
			if _, err := tx.Exec(ctx, "delete from "+t.name); err != nil {
				return err
			}
		}
		names := make([]string, len(t.columns))
		for i, c := range t.columns {
			names[i] = c.name
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{t.name}, names,
			pgx.CopyFromSlice(len(b.rows), func(i int) ([]any, error) { return b.rows[i], nil }))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "update transfer_progress set after = $2, moved = $3, done = $4 where name = $1", t.name,
			to.after, to.moved, to.done); err != nil {
			return err
		}
		return m.interrupted("before a commit")
	})
	return to, err
}

// sumTarget computes the checksum of a table.
func (m *mover) sumTarget(ctx context.Context, t table) (s sum, err error) {
	query := "select " + t.names(nameOf) + " from " + t.name
	if t.name == "audit" { // without the entry of another process that has just finished this move
		query += " where not (request = '" + m.id + "' and result = 'done')"
	}
	rows, err := m.Target.Query(ctx, query)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return s, err
		}
		r, _, err := t.canonical(values, false)
		if err != nil {
			return s, err
		}
		s.add(r)
	}
	return s, rows.Err()
}

// finish makes new events, entries of the audit log and records of runs continue after the numbers of the moved
// ones, marks the move as finished, and notes that in the audit log.
func (m *mover) finish(ctx context.Context, moved []Moved) error {
	rows := int64(0)
	for _, t := range moved {
		rows += t.Rows
	}
	return pgx.BeginFunc(ctx, m.Target, func(tx pgx.Tx) error {
		finished, err := tx.Exec(ctx, "update transfer set finished = true where not finished")
		if err != nil || finished.RowsAffected() == 0 {
			return err
		}
		for _, statement := range []string{
			"select setval(pg_get_serial_sequence('events', 'seq'), coalesce(max(seq), 1), max(seq) is not null) from events",
			"select setval(pg_get_serial_sequence('audit', 'seq'), coalesce(max(seq), 1), max(seq) is not null) from audit",
			"select setval(pg_get_serial_sequence('runs', 'seq'), coalesce(max(seq), 1), max(seq) is not null) from runs",
			"analyze",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
insert into audit (request, at, actor, action, subject, result, reason, became)
values ($1, $2, $3, 'migrate', 'database', 'done', $4, $5)`, m.id, time.Now().UnixMilli(), m.By.Name, m.By.Reason,
			fmt.Sprintf(`{"rows":%d}`, rows))
		return err
	})
}
