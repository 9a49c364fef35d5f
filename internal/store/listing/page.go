package listing

import (
	"fmt"
	"math"
	"strconv"

	"github.com/lockstep-dev/lockstep"
)

const defaultPage = 50

// pageOf returns the bounds of a page: how many rows it has, and the number that all of them are below. No cursor
// means from the newest.
func pageOf(limit int, cursor string) (rows int, before int64, err error) {
	if limit <= 0 {
		limit = defaultPage
	}
	if cursor == "" {
		return limit, math.MaxInt64, nil
	}
	if before, err = strconv.ParseInt(cursor, 10, 64); err != nil {
		return 0, 0, fmt.Errorf("%w: cursor %q is not the Next of a page", lockstep.ErrInvalid, cursor)
	}
	return limit, before, nil
}
