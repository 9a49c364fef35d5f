package sqlstore

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// selectEventTally counts the open events by status.
const selectEventTally Statement = `
select status, count(*) from events where status in ('pending', 'parked', 'failed') group by status`

const defaultPage = 50

// PageOf returns the bounds of a page: how many rows it has, and the number that all of them are below. No cursor
// means from the newest.
func PageOf(limit int, cursor string) (rows int, before int64, err error) {
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

// EventTally implements [lockstep.Inbox].
func (s *Store) EventTally(ctx context.Context) (map[lockstep.EventStatus]int64, error) {
	var counts []count
	err := s.read(ctx, func(t *tx) (err error) {
		counts, err = collect(ctx, t, scanCount, selectEventTally)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count events: %w", err)
	}
	tally := map[lockstep.EventStatus]int64{}
	for _, c := range counts {
		tally[c.status] = c.events
	}
	return tally, nil
}

type count struct {
	status lockstep.EventStatus
	events int64
}

func scanCount(row sqlrun.Scanner) (c count, err error) {
	err = row.Scan(&c.status, &c.events)
	return c, err
}
