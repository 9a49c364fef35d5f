package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// tx is a transaction: the connection, its statements and the moment at which
// it is taken to happen.
type tx struct {
	sql  *sql.Tx
	pool *pool
	now  int64

	changes []lockstep.Account // whose record is written, see changed
}

// write runs do in a writing transaction, which is on disk when write returns
// nil and has changed nothing when it does not.
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	return s.transact(ctx, s.writer, nil, func(t *tx) error {
		if err := do(t); err != nil {
			return err
		}
		return t.numberChanges(ctx)
	})
}

// read runs do in a transaction that sees one state of the database.
func (s *Store) read(ctx context.Context, do func(*tx) error) error {
	return s.transact(ctx, s.reader, &sql.TxOptions{ReadOnly: true}, do)
}

func (s *Store) transact(ctx context.Context, p *pool, opts *sql.TxOptions, do func(*tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	p.prepare(ctx)
	sqlTx, err := p.db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { _ = sqlTx.Rollback() }() // after Commit it does nothing
	t := &tx{sql: sqlTx, pool: p}
	if err := t.readClock(ctx); err != nil {
		return err
	}
	if err := do(t); err != nil {
		return err
	}
	return sqlTx.Commit()
}

func (t *tx) readClock(ctx context.Context) error {
	if t.pool.dialect.Clock == "" {
		t.now = time.Now().UnixMilli()
		return nil
	}
	return t.sql.QueryRowContext(ctx, t.pool.dialect.Clock).Scan(&t.now)
}

// exec returns how many rows the statement changed.
func (t *tx) exec(ctx context.Context, s Statement, args ...any) (int64, error) {
	var result sql.Result
	var err error
	if stmt := t.pool.lookup(s); stmt != nil {
		result, err = t.sql.StmtContext(ctx, stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	} else {
		result, err = t.sql.ExecContext(ctx, t.pool.dialect.text(s), args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t *tx) row(ctx context.Context, s Statement, args ...any) *sql.Row {
	if stmt := t.pool.lookup(s); stmt != nil {
		return t.sql.StmtContext(ctx, stmt).QueryRowContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	}
	return t.sql.QueryRowContext(ctx, t.pool.dialect.text(s), args...)
}

func (t *tx) rows(ctx context.Context, s Statement, args ...any) (*sql.Rows, error) {
	if stmt := t.pool.lookup(s); stmt != nil {
		return t.sql.StmtContext(ctx, stmt).QueryContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	}
	return t.sql.QueryContext(ctx, t.pool.dialect.text(s), args...)
}

// scanner is what [sql.Row] and [sql.Rows] have in common.
type scanner interface{ Scan(dest ...any) error }

// collect reads all rows of a query.
func collect[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), s Statement, args ...any) (all []T, err error) {
	rows, err := t.rows(ctx, s, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// text scans a row of one string.
func text(row scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}
