package transfer

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// sealed is the error of a write to a sealed source.
const sealed = "this database was moved to PostgreSQL: see lockstep migrate --help"

// heartbeat is sealed too, so that a service that still runs reports that it is unhealthy.
const heartbeat = "heartbeat"

// seals returns statements that create and drop the triggers of a table.
func seals(t string) (create, drop []string) {
	for _, does := range []string{"insert", "update", "delete"} {
		name := "transfer_" + t + "_" + does
		create = append(create, fmt.Sprintf("create trigger %s before %s on %s begin select raise(abort, '%s'); end", name,
			does, t, sealed))
		drop = append(drop, "drop trigger if exists "+name)
	}
	return create, drop
}

// sources returns the tables of the source.
func sources() []string {
	names := []string{heartbeat}
	for _, t := range tables {
		if t.name == t.from {
			names = append(names, t.name)
		}
	}
	return names
}

// seal makes the source refuse all writes, and notes in its audit log who asked for the move. It returns the
// id of the existing seal, or of a new one.
func seal(ctx context.Context, source *sql.DB, by Operator) (id string, err error) {
	tx, err := source.BeginTx(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("wait for the writer: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if id, err = sealOf(ctx, tx); err != nil || id != "" {
		return id, err
	}
	id = rand.Text()
	if err := note(ctx, tx, id, "migrate", "requested", by); err != nil {
		return "", err
	}
	statements := []string{"create table transfer (id text not null) strict"}
	for _, t := range sources() {
		create, _ := seals(t)
		statements = append(statements, create...)
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return "", err
		}
	}
	if _, err := tx.ExecContext(ctx, "insert into transfer (id) values ($1)", id); err != nil {
		return "", err
	}
	return id, tx.Commit()
}

// sealOf returns the id of the seal; empty if there is none.
func sealOf(ctx context.Context, tx *sql.Tx) (id string, err error) {
	var there int
	if err := tx.QueryRowContext(ctx, "select count(*) from sqlite_schema where type = 'table' and name = 'transfer'").Scan(&there); err != nil || there == 0 {
		return "", err
	}
	return id, tx.QueryRowContext(ctx, "select id from transfer").Scan(&id)
}

// note adds an entry to the source's audit log.
func note(ctx context.Context, tx *sql.Tx, request, action, result string, by Operator) error {
	_, err := tx.ExecContext(ctx, `
insert into audit (request, at, actor, action, subject, result, reason) values ($1, $2, $3, $4, 'database', $5, $6)`,
		request, time.Now().UnixMilli(), by.Name, action, result, by.Reason)
	return err
}

// Unseal lets a source be written again, to abandon a move. The target of the move is then useless.
func Unseal(ctx context.Context, source *sql.DB, by Operator) error {
	tx, err := source.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	statements := []string{"drop table if exists transfer"}
	for _, t := range sources() {
		_, drop := seals(t)
		statements = append(statements, drop...)
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	if err := note(ctx, tx, rand.Text(), "unseal", "done", by); err != nil {
		return err
	}
	return tx.Commit()
}

// batch holds the rows of one transaction.
type batch struct {
	rows  []row
	after string // the cursor of its last row
	last  bool
}

// next reads a batch after a cursor, within the limits of rows and bytes.
func (m *mover) next(ctx context.Context, t table, after string) (b batch, err error) {
	b = batch{after: after, last: true}
	query, args, err := m.pageQuery(t, after)
	if err != nil {
		return b, err
	}
	rows, err := m.Source.QueryContext(ctx, query, args...)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for size := 0; rows.Next(); {
		values, err := scan(t, rows)
		if err != nil {
			return b, err
		}
		r, _, err := t.canonical(values, true)
		if err != nil {
			return b, err
		}
		if b.after, err = t.cursor(values); err != nil {
			return b, err
		}
		b.rows = append(b.rows, r)
		if size += r.size(); len(b.rows) == m.Rows || size >= m.Bytes {
			b.last = false
			break
		}
	}
	return b, rows.Err()
}

// pageQuery returns a query for the rows of a table after a cursor, in the order of their keys.
func (m *mover) pageQuery(t table, after string) (query string, args []any, err error) {
	var names, marks, where []string
	for i, c := range t.keys() {
		names, marks = append(names, c.name), append(marks, fmt.Sprintf("$%d", i+1))
	}
	if t.where != "" {
		where = append(where, t.where)
	}
	order := strings.Join(names, ", ")
	if after != "" {
		if args, err = t.parse(after); err != nil {
			return "", nil, err
		}
		where = append(where, fmt.Sprintf("(%s) > (%s)", order, strings.Join(marks, ", ")))
	}
	query = "select " + t.names(exprOf) + " from " + t.from
	if len(where) > 0 {
		query += " where " + strings.Join(where, " and ")
	}
	return query + fmt.Sprintf(" order by %s limit %d", order, m.Rows), args, nil
}

func scan(t table, rows *sql.Rows) ([]any, error) {
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	return values, rows.Scan(into...)
}

// sumSource computes the checksum of a table, and counts the texts that had to be changed.
func (m *mover) sumSource(ctx context.Context, t table) (s sum, changed int64, err error) {
	query := "select " + t.names(exprOf) + " from " + t.from
	if t.where != "" {
		query += " where " + t.where
	}
	rows, err := m.Source.QueryContext(ctx, query)
	if err != nil {
		return s, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, err := scan(t, rows)
		if err != nil {
			return s, 0, err
		}
		r, n, err := t.canonical(values, true)
		if err != nil {
			return s, 0, err
		}
		s.add(r)
		changed += n
	}
	return s, changed, rows.Err()
}
