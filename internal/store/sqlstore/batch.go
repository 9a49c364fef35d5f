package sqlstore

import "fmt"

// arrays turns rows into an array for each parameter.
func arrays(rows [][]any) []any {
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
			panic(fmt.Sprintf("sqlstore: parameter %d of a batch is a %T", i+1, first))
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
