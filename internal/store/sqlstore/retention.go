package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// ExpireBodies drops up to $2 bodies of settled events that were received before $1, and
	// returns a row for each. A database that stores bodies in tables by time drops one table
	// instead, and returns a row for it.
	ExpireBodies Statement = `
update events set body = x''
where seq in (
	select seq from events
	where status in ('done', 'ignored') and length(body) > 0 and received_at < $1
	order by received_at limit $2 + 0)
returning seq`

	// selectPageEnd finds the first event after a page of $2 events that follow the event $1.
	selectPageEnd Statement = `select seq, received_at from events where seq > $1 order by seq limit 1 offset $2`

	expireEvents Statement = `
delete from events
where seq > $1 and seq < $2 and received_at < $3 and status in ('done', 'ignored')`
)

// How much one transaction drops. On SQLite no other writer runs meanwhile.
const (
	bodiesAtOnce = 250
	rowsAtOnce   = 500
)

// ExpireBodies implements [lockstep.Archive].
func (s *Store) ExpireBodies(ctx context.Context, claim lockstep.Claim, age time.Duration) (more bool, err error) {
	err = s.fenced(ctx, claim, func(t *tx) error {
		dropped, err := collect(ctx, t, scanNumber, ExpireBodies, t.now()-age.Milliseconds(), bodiesAtOnce)
		more = len(dropped) > 0
		return err
	})
	return wrap(more, err, "expire bodies")
}

// ExpireEvents implements [lockstep.Archive]. Events are numbered in about the order of arrival, so
// it ends with the first page whose successor is young.
func (s *Store) ExpireEvents(ctx context.Context, claim lockstep.Claim, age time.Duration, after string) (next string,
	removed int64, err error) {
	next, removed, err = s.expirePage(ctx, claim, age, after, selectPageEnd, expireEvents)
	if err != nil {
		return "", 0, fmt.Errorf("expire events: %w", err)
	}
	return next, removed, nil
}

// expirePage removes the rows of a page that are older than age, with the statements that find the page's end and
// remove its rows. It returns the next cursor; empty if the page's successor is young.
func (s *Store) expirePage(ctx context.Context, claim lockstep.Claim, age time.Duration, after string, pageEnd,
	expire Statement) (next string, removed int64, err error) {
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return "", 0, fmt.Errorf("%w: cursor %q is not the next of a page", lockstep.ErrInvalid, after)
		}
	}
	err = s.fenced(ctx, claim, func(t *tx) error {
		before := t.now() - age.Milliseconds()
		next = ""
		end, err := collectOne(ctx, t, scanPageEnd, pageEnd, from, rowsAtOnce)
		switch {
		case errors.Is(err, lockstep.ErrNotFound): // the last page
			end.seq = math.MaxInt64
		case err != nil:
			return err
		case end.at < before:
			next = strconv.FormatInt(end.seq-1, 10)
		}
		removed, err = t.exec(ctx, expire, from, end.seq, before)
		return err
	})
	return next, removed, err
}

// pageEnd is the first row after a page.
type pageEnd struct{ seq, at int64 }

func scanPageEnd(row sqlrun.Scanner) (p pageEnd, err error) {
	err = row.Scan(&p.seq, &p.at)
	return p, err
}
