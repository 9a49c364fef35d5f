package listing

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// lookLatest is the most rows that a filtered page of notices or deliveries looks at.
const lookLatest = 1000

// instant is a place in a list that is ordered by time, then by id, newest first.
type instant struct {
	at int64
	id string
}

// newest is above every row.
var newest = instant{at: math.MaxInt64}

// String returns the place as a cursor.
func (p instant) String() string { return strconv.FormatInt(p.at, 10) + ":" + p.id }

// parseInstant parses a cursor; an empty one is the start.
func parseInstant(cursor string) (instant, error) {
	if cursor == "" {
		return newest, nil
	}
	number, id, found := strings.Cut(cursor, ":")
	at, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return instant{}, fmt.Errorf("%w: cursor %q is not the Next of a page", lockstep.ErrInvalid, cursor)
	}
	return instant{at, id}, nil
}

// latest is one page of such a list.
type latest[T any] struct {
	limit    int
	filtered bool
	lists    func(T) bool
	place    func(T) instant
}

// rows is how many rows the page reads.
func (l latest[T]) rows() int {
	if l.filtered {
		return max(lookLatest, l.limit+1)
	}
	return l.limit + 1
}

// page selects the rows of the page, and returns the cursor of the next one.
func (l latest[T]) page(read []T) (page []T, next string) {
	for i, row := range read {
		if l.lists(row) {
			page = append(page, row)
		}
		if len(page) == l.limit && i < len(read)-1 {
			return page, l.place(row).String()
		}
	}
	if len(read) == l.rows() {
		return page, l.place(read[len(read)-1]).String()
	}
	return page, ""
}

// limitOf returns how many rows a page has.
func limitOf(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return limit
}
