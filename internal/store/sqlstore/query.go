package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/lockstep-dev/lockstep"
)

// scanner is what [sql.Row] and [sql.Rows] have in common.
type scanner interface{ Scan(dest ...any) error }

// collect reads all rows of a query.
func collect[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), s Statement, args ...any) ([]T, error) {
	rows, err := t.rows(ctx, s, args...)
	if err != nil {
		return nil, err
	}
	return scanAll(t, scan, rows)
}

func scanAll[T any](t *tx, scan func(scanner) (T, error), rows *sql.Rows) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := t.readClock(); err != nil {
			return nil, err
		}
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return all, t.readClock()
}

// ask is a query whose rows are wanted later: several that are asked one after the other
// are sent together, where that counts, when the first of their answers is called for.
// Nothing is written in between.
func ask[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), s Statement,
	args ...any) (answer func() ([]T, error)) {
	if t.pool.dialect.Later == nil {
		return func() ([]T, error) { return collect(ctx, t, scan, s, args...) }
	}
	// nolint:sqlclosecheck,rowserrcheck // scanAll does, or they are closed with the transaction
	rows, err := t.rows(t.pool.dialect.Later(ctx), s, args...)
	return func() ([]T, error) {
		if err != nil {
			return nil, err
		}
		return scanAll(t, scan, rows)
	}
}

// collectAll reads what a statement returns for all of rows, each its parameters.
// Rows are told apart by what is returned.
func collectAll[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), s Statement, rows [][]any) (all []T,
	err error) {
	return askAll(ctx, t, scan, s, rows)()
}

// askAll is collectAll for rows that are wanted later, see ask.
func askAll[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), s Statement,
	rows [][]any) (answer func() ([]T, error)) {
	if len(rows) == 0 {
		return func() ([]T, error) { return nil, nil }
	}
	if batch, has := t.pool.dialect.Batches[s]; has {
		return ask(ctx, t, scan, Statement(batch), arrays(rows)...)
	}
	return func() (all []T, err error) {
		for _, args := range rows {
			some, err := collect(ctx, t, scan, s, args...)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	}
}

// laterAll has a statement done for all of rows, see [tx.later].
func laterAll(ctx context.Context, t *tx, s Statement, rows [][]any) error {
	if batch, has := t.pool.dialect.Batches[s]; has && len(rows) > 0 {
		return t.later(ctx, Statement(batch), arrays(rows)...)
	}
	for _, args := range rows {
		if err := t.later(ctx, s, args...); err != nil {
			return err
		}
	}
	return nil
}

// all reads what one query returns.
func all[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), statement Statement,
	args ...any) (found []T, err error) {
	err = s.read(ctx, func(t *tx) (err error) {
		found, err = collect(t.last(ctx), t, scan, statement, args...)
		return err
	})
	return found, err
}

// one reads the row that a query returns, or ErrNotFound.
func one[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), statement Statement,
	args ...any) (found T, err error) {
	err = s.read(ctx, func(t *tx) (err error) {
		found, err = scan(t.row(t.last(ctx), statement, args...))
		if errors.Is(err, sql.ErrNoRows) {
			err = lockstep.ErrNotFound
		}
		return err
	})
	return found, err
}

// only is the row of a query that returns one, or ErrNoRows.
func only[T any](found []T, err error) (row T, _ error) {
	if err == nil && len(found) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return row, err
	}
	return found[0], nil
}

// scanNumber scans a row of one number.
func scanNumber(row scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

// text scans a row of one string.
func text(row scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}
