package simharness

import (
	"time"
)

// Day is 24 hours.
const Day = 24 * time.Hour

// Must fails the test on an error.
func (b *Bench) Must(err error) {
	b.T.Helper()
	if err != nil {
		b.T.Fatal(err)
	}
}

// Hash follows a path of fields. It returns nil if one is not a hash.
func Hash(value any, names ...string) map[string]any {
	fields, _ := value.(map[string]any)
	for _, name := range names {
		fields, _ = fields[name].(map[string]any)
	}
	return fields
}

// Element returns the nth element of a list object.
func Element(value any, n int) map[string]any {
	data, _ := Hash(value)["data"].([]any)
	if n >= len(data) {
		return nil
	}
	return Hash(data[n])
}
