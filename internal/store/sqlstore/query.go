package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// ask queues a query and returns a function that returns its rows. Several queries that are
// asked one after the other are sent together, when the first of their answers is needed.
func ask[T any](ctx context.Context, t *tx, scan func(sqlrun.Scanner) (T, error), s Statement,
	args ...any) (answer func() ([]T, error)) {
	var found []T
	t.query(s, func(row sqlrun.Scanner) error {
		one, err := scan(row)
		if err == nil {
			found = append(found, one)
		}
		return err
	}, args)
	return func() ([]T, error) {
		if err := t.flush(ctx); err != nil {
			return nil, err
		}
		return found, nil
	}
}

// askOne is ask for a query that returns one row, or ErrNotFound.
func askOne[T any](ctx context.Context, t *tx, scan func(sqlrun.Scanner) (T, error), s Statement,
	args ...any) (answer func() (T, error)) {
	rows := ask(ctx, t, scan, s, args...)
	return func() (one T, err error) {
		found, err := rows()
		if err == nil && len(found) == 0 {
			err = lockstep.ErrNotFound
		}
		if err != nil {
			return one, err
		}
		return found[0], nil
	}
}

// collect runs a query and returns its rows.
func collect[T any](ctx context.Context, t *tx, scan func(sqlrun.Scanner) (T, error), s Statement,
	args ...any) ([]T, error) {
	return ask(ctx, t, scan, s, args...)()
}

// collectOne runs a query and returns its one row, or ErrNotFound.
func collectOne[T any](ctx context.Context, t *tx, scan func(sqlrun.Scanner) (T, error), s Statement,
	args ...any) (T, error) {
	return askOne(ctx, t, scan, s, args...)()
}

// all reads the rows of one query in a transaction of its own.
func all[T any](ctx context.Context, s *Store, scan func(sqlrun.Scanner) (T, error), statement Statement,
	args ...any) (found []T, err error) {
	err = s.read(ctx, func(t *tx) (err error) {
		rows := ask(ctx, t, scan, statement, args...)
		if err := t.commit(ctx); err != nil {
			return err
		}
		found, err = rows()
		return err
	})
	return found, err
}

// one reads the one row of a query in a transaction of its own, or returns ErrNotFound.
func one[T any](ctx context.Context, s *Store, scan func(sqlrun.Scanner) (T, error), statement Statement,
	args ...any) (found T, err error) {
	rows, err := all(ctx, s, scan, statement, args...)
	if err == nil && len(rows) == 0 {
		err = lockstep.ErrNotFound
	}
	if err != nil {
		return found, err
	}
	return rows[0], nil
}

// long reports whether a statement may look at a whole table that grows.
func long(s Statement) bool { return s == selectHeldPrices }

// wrap returns a value, or its error with a description of the operation.
func wrap[T any](value T, err error, operation string, args ...any) (T, error) {
	if err != nil {
		var none T
		return none, fmt.Errorf(operation+": %w", append(args, err)...)
	}
	return value, nil
}

// scanNumber scans a row of one number.
func scanNumber(row sqlrun.Scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

// scanBool scans a row of one boolean.
func scanBool(row sqlrun.Scanner) (is bool, err error) {
	err = row.Scan(&is)
	return is, err
}

// text scans a row of one string.
func text(row sqlrun.Scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}
