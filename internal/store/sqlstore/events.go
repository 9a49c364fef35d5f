package sqlstore

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/eventbody"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// Three statements read a page of events, newest first. Each uses the index of its most selective
// filter. All take the same parameters: $1 source, $2 status, $3 key (empty: any), $4 the upper
// bound of seq (exclusive), $5 the limit, $6 whether to leave out bodies. SelectEventsOfKey and
// SelectEventsOpen sort, but only numbers.
const (
	SelectEvents Statement = `
select seq, source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
	coalesce(key, ''), status, reason, case when $6 = 0 then body end
from events
where seq < $4 and ($1 = '' or source = $1) and ($2 = '' or status = $2) and ($3 = '' or key = $3)
order by seq desc limit $5 + 0`

	SelectEventsOfKey Statement = `
select seq, source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
	coalesce(key, ''), status, reason, case when $6 = 0 then body end
from events
where seq in (
	select seq from (
		select seq, source, status from events indexed by events_open
		where key = $3 and status in ('pending', 'parked', 'failed') and seq < $4
		union all
		select seq, source, status from events indexed by events_of_key
		where key = $3 and status = 'done' and seq < $4)
	where ($1 = '' or source = $1) and ($2 = '' or status = $2)
	order by seq desc limit $5 + 0)
order by seq desc`

	SelectEventsOpen Statement = `
select seq, source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
	coalesce(key, ''), status, reason, case when $6 = 0 then body end
from events
where seq in (
	select seq from events indexed by events_open
	where status in ('pending', 'parked', 'failed') and status = $2
		and seq < $4 and ($1 = '' or source = $1) and ($3 = '' or key = $3)
	order by seq desc limit $5 + 0)
order by seq desc`

	// selectEventTally counts the open events by status.
	selectEventTally Statement = `
select status, count(*) from events where status in ('pending', 'parked', 'failed') group by status`
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

// Events implements [lockstep.Inbox].
func (s *Store) Events(ctx context.Context, filter lockstep.EventFilter) (lockstep.EventPage, error) {
	page, err := s.events(ctx, filter)
	return wrap(page, err, "read events")
}

func (s *Store) events(ctx context.Context, f lockstep.EventFilter) (page lockstep.EventPage, err error) {
	limit, before, err := pageOf(f.Limit, f.Before)
	if err != nil {
		return page, err
	}
	key := ""
	if !f.Key.IsZero() {
		key = f.Key.String()
	}
	found, err := all(ctx, s, scanEvent, pageStatement(f), f.Source, f.Status, key, before, limit+1, bit(f.Bodiless))
	if err != nil {
		return page, err
	}
	if len(found) > limit { // there is a next page
		found = found[:limit]
		page.Next = strconv.FormatInt(found[limit-1].seq, 10)
	}
	for _, e := range found {
		if e.Body, err = eventbody.Unpack(e.Body); err != nil {
			return page, fmt.Errorf("%s event %s: %w", e.Source, e.ID, err)
		}
		page.Events = append(page.Events, e.Event)
	}
	return page, nil
}

// pageStatement returns the statement whose index suits a filter.
func pageStatement(f lockstep.EventFilter) Statement {
	switch {
	case !f.Key.IsZero():
		return SelectEventsOfKey
	case f.Status == lockstep.EventPending, f.Status == lockstep.EventParked, f.Status == lockstep.EventFailed:
		return SelectEventsOpen
	}
	return SelectEvents
}

// numbered is an event with its number in the order of arrival.
type numbered struct {
	lockstep.Event
	seq int64
}

func scanEvent(row sqlrun.Scanner) (numbered, error) {
	var e numbered
	var key string
	var occurred, received int64
	err := row.Scan(&e.seq, &e.Source, &e.ID, &e.Type, &e.Origin, &e.ObjectID, &e.CustomerID, &e.APIVersion,
		&occurred, &received, &key, &e.Status, &e.Reason, &e.Body)
	if err != nil {
		return e, err
	}
	e.OccurredAt, e.ReceivedAt = moment(occurred), moment(received)
	if key != "" {
		e.Key, err = lockstep.ParseKey(key)
	}
	return e, err
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
