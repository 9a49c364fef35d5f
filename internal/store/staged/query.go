package staged

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// rows is a query whose rows are scanned into a list.
func rows[T any](into *[]T, scan func(sqlrun.Scanner) (T, error), s sqlstore.Statement, args ...any) *sqlrun.Query {
	return &sqlrun.Query{SQL: string(s), Args: args, Row: func(row sqlrun.Scanner) error {
		one, err := scan(row)
		if err == nil {
			*into = append(*into, one)
		}
		return err
	}}
}

// collect runs a query and returns its rows.
func collect[T any](ctx context.Context, v sqlstore.View, scan func(sqlrun.Scanner) (T, error), s sqlstore.Statement,
	args ...any) (found []T, err error) {
	err = v.Send(ctx, rows(&found, scan, s, args...))
	return found, err
}

// all reads the rows of one query in a transaction of its own.
func all[T any](ctx context.Context, r *Reads, scan func(sqlrun.Scanner) (T, error), s sqlstore.Statement,
	args ...any) (found []T, err error) {
	err = r.View(ctx, func(v sqlstore.View) error {
		found, err = collect(ctx, v, scan, s, args...)
		return err
	})
	return found, err
}

// one reads the one row of a query in a transaction of its own, or returns ErrNotFound.
func one[T any](ctx context.Context, r *Reads, scan func(sqlrun.Scanner) (T, error), s sqlstore.Statement,
	args ...any) (found T, err error) {
	rows, err := all(ctx, r, scan, s, args...)
	if err == nil && len(rows) == 0 {
		err = lockstep.ErrNotFound
	}
	if err != nil {
		return found, err
	}
	return rows[0], nil
}

// wrap returns a value, or its error with a description of the operation.
func wrap[T any](value T, err error, operation string, args ...any) (T, error) {
	if err != nil {
		var none T
		return none, fmt.Errorf(operation+": %w", append(args, err)...)
	}
	return value, nil
}

func text(row sqlrun.Scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

func number(row sqlrun.Scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

func account(row sqlrun.Scanner) (a lockstep.Account, err error) {
	err = row.Scan(&a.Kind, &a.ID)
	return a, err
}
