package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// ExpireBodies drops up to $2 bodies of settled events that were received before $1, and
	// returns a row for each. A database that keeps bodies in tables by time drops one
	// table's instead, and returns a row for it.
	ExpireBodies Statement = `
update events set body = x''
where seq in (
	select seq from events
	where status in ('done', 'ignored') and length(body) > 0 and received_at < $1
	order by received_at limit $2)
returning seq`

	// selectPageEnd is the event that comes after a page of $2 events behind the event $1.
	selectPageEnd Statement = `select seq, received_at from events where seq > $1 order by seq limit 1 offset $2`

	expireEvents Statement = `
delete from events
where seq > $1 and seq < $2 and received_at < $3 and status in ('done', 'ignored')`
)

// How much of the old is dropped in one transaction: on SQLite nobody else writes for
// as long.
const (
	bodiesAtOnce = 250
	eventsAtOnce = 500
)

// ExpireBodies implements [lockstep.Archive].
func (s *Store) ExpireBodies(ctx context.Context, claim lockstep.Claim, age time.Duration) (more bool, err error) {
	err = s.fenced(ctx, claim, func(t *tx) error {
		dropped, err := collect(ctx, t, scanNumber, ExpireBodies, t.now()-age.Milliseconds(), bodiesAtOnce)
		more = len(dropped) > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("expire bodies: %w", err)
	}
	return more, nil
}

// ExpireEvents implements [lockstep.Archive]. Events are numbered in the order of their
// arrival, or nearly, so that it ends with the first page whose successor is young.
func (s *Store) ExpireEvents(ctx context.Context, claim lockstep.Claim, age time.Duration, after string) (next string,
	removed int64, err error) {
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return "", 0, fmt.Errorf("expire events: %w: the cursor %q is not one of a page", lockstep.ErrInvalid, after)
		}
	}
	err = s.fenced(ctx, claim, func(t *tx) error {
		before := t.now() - age.Milliseconds()
		next = ""
		end, err := collectOne(ctx, t, scanPageEnd, selectPageEnd, from, eventsAtOnce)
		switch {
		case errors.Is(err, lockstep.ErrNotFound): // the last page
			end.seq = math.MaxInt64
		case err != nil:
			return err
		case end.received < before:
			next = strconv.FormatInt(end.seq-1, 10)
		}
		removed, err = t.exec(ctx, expireEvents, from, end.seq, before)
		return err
	})
	if err != nil {
		return "", 0, fmt.Errorf("expire events: %w", err)
	}
	return next, removed, nil
}

// pageEnd is the first event after a page.
type pageEnd struct{ seq, received int64 }

func scanPageEnd(row Scanner) (p pageEnd, err error) {
	err = row.Scan(&p.seq, &p.received)
	return p, err
}
