package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	news    []news             // see announce
}

// tries is how often a transaction is begun that the database undoes, or that was overtaken.
const tries = 5

// errOvertaken ends a transaction that was about to create what another has created
// since this one looked. The next try finds it.
var errOvertaken = errors.New("another writer was faster")

// write runs do in a writing transaction, which is on disk when write returns
// nil and has changed nothing when it does not; except that nobody knows after the
// connection broke during the commit. do is run again when the database has undone
// the transaction for another's sake, or another was faster.
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	for try := 1; ; try++ {
		err := s.transact(ctx, s.writer, nil, func(t *tx) error {
			if err := do(t); err != nil {
				return err
			}
			return t.numberChanges(ctx)
		})
		again := s.writer.dialect.undone(err) || errors.Is(err, errOvertaken)
		if try == tries || !again || ctx.Err() != nil {
			return err
		}
	}
}

// read runs do in a transaction that sees one state of the database.
func (s *Store) read(ctx context.Context, do func(*tx) error) error {
	return s.transact(ctx, s.reader, &sql.TxOptions{ReadOnly: true, Isolation: s.reader.dialect.Snapshot}, do)
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
		result, err = t.sql.ExecContext(ctx, t.pool.dialect.text(s, t.pool.writing), t.pool.dialect.arguments(args)...)
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
	return t.sql.QueryRowContext(ctx, t.pool.dialect.text(s, t.pool.writing), t.pool.dialect.arguments(args)...)
}

func (t *tx) rows(ctx context.Context, s Statement, args ...any) (*sql.Rows, error) {
	if stmt := t.pool.lookup(s); stmt != nil {
		return t.sql.StmtContext(ctx, stmt).QueryContext(ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	}
	return t.sql.QueryContext(ctx, t.pool.dialect.text(s, t.pool.writing), t.pool.dialect.arguments(args)...)
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

// collectAll reads what a statement returns for all of rows, each its parameters.
// Rows are told apart by what is returned.
func collectAll[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), s Statement, rows [][]any) (all []T, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	if together, has := t.pool.dialect.Together[s]; has {
		return collect(ctx, t, scan, Statement(together), columns(rows)...)
	}
	for len(rows) > 0 {
		n, statement, args := 1, s, rows[0]
		for _, r := range repeated[s] {
			if r.rows <= len(rows) {
				n, statement, args = r.rows, r.text, r.arguments(rows[:r.rows])
				break
			}
		}
		some, err := collect(ctx, t, scan, statement, args...)
		if err != nil {
			return nil, err
		}
		all, rows = append(all, some...), rows[n:]
	}
	return all, nil
}

// columns turns rows into an array for each parameter.
func columns(rows [][]any) []any {
	arrays := make([]any, len(rows[0]))
	for i, first := range rows[0] {
		switch first.(type) {
		case string:
			arrays[i] = column[string](rows, i)
		case int64:
			arrays[i] = column[int64](rows, i)
		case []byte:
			arrays[i] = column[[]byte](rows, i)
		default:
			panic(fmt.Sprintf("sqlstore: parameter %d of many rows is a %T", i+1, first))
		}
	}
	return arrays
}

func column[T any](rows [][]any, i int) []T {
	values := make([]T, len(rows))
	for n, row := range rows {
		values[n] = row[i].(T)
	}
	return values
}

// text scans a row of one string.
func text(row scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}
