package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// askEach asks a query for each of rows, which are its parameters. The answers come in no order.
func askEach[T any](ctx context.Context, t *tx, scan func(sqlrun.Scanner) (T, error), s Statement,
	rows [][]any) (answer func() ([]T, error)) {
	var found []T
	for _, q := range t.batch(s, rows) {
		q.Row = func(row sqlrun.Scanner) error {
			one, err := scan(row)
			if err == nil {
				found = append(found, one)
			}
			return err
		}
	}
	return func() ([]T, error) {
		if len(rows) == 0 {
			return nil, nil
		}
		if err := t.flush(ctx); err != nil {
			return nil, err
		}
		return found, nil
	}
}

// batch queues a statement for each of rows: as one statement over arrays where the dialect
// has one, else once for each row.
func (t *tx) batch(s Statement, rows [][]any) (queries []*sqlrun.Query) {
	if len(rows) == 0 {
		return nil
	}
	if batch, has := t.dialect.Batch[s]; has {
		return []*sqlrun.Query{t.add(&sqlrun.Query{SQL: batch, Args: arrays(rows)})}
	}
	for _, args := range rows {
		queries = append(queries, t.queue(s, args...))
	}
	return queries
}

// arrays turns rows into an array for each parameter.
func arrays(rows [][]any) []any {
	all := make([]any, len(rows[0]))
	for i, first := range rows[0] {
		switch first.(type) {
		case string:
			all[i] = column[string](rows, i)
		case int64:
			all[i] = column[int64](rows, i)
		case []byte:
			all[i] = column[[]byte](rows, i)
		default:
			panic(fmt.Sprintf("sqlstore: parameter %d of a batch is a %T", i+1, first))
		}
	}
	return all
}

func column[T any](rows [][]any, i int) []T {
	values := make([]T, len(rows))
	for n, row := range rows {
		values[n] = row[i].(T)
	}
	return values
}
