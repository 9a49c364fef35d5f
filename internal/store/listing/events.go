package listing

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/eventbody"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// Lists implements what operators read: lists of [lockstep.Inbox], [lockstep.Queue], [lockstep.Repairs],
// [lockstep.Audit], [lockstep.Deletions], [lockstep.Accounts] and [lockstep.AccountSearch], beside a store.
type Lists struct {
	// View runs a transaction that only reads.
	View func(ctx context.Context, do func(sqlstore.View) error) error
	// Body is the statement that reads a body; empty means [BodyOfEvent].
	Body string
	// Folded is the indexed expression of an account's address in small letters; empty means SQLite's.
	Folded string
}

// numbered is an event with its number in the order of arrival.
type numbered struct {
	lockstep.Event
	seq int64
}

// Events implements [lockstep.Inbox].
func (l *Lists) Events(ctx context.Context, filter lockstep.EventFilter) (lockstep.EventPage, error) {
	page, err := l.events(ctx, filter)
	if err != nil {
		return lockstep.EventPage{}, fmt.Errorf("read events: %w", err)
	}
	return page, nil
}

// events reads page after page, each in a short transaction of its own, until one is full or bounded.
func (l *Lists) events(ctx context.Context, f lockstep.EventFilter) (page lockstep.EventPage, err error) {
	limit, before, err := pageOf(f.Limit, f.Before)
	if err != nil {
		return page, err
	}
	for {
		var found []numbered
		var next int64
		err := l.View(ctx, func(v sqlstore.View) (err error) {
			found, next, err = l.look(ctx, v, f, before, limit-len(page.Events))
			return err
		})
		if err != nil {
			return page, err
		}
		before = next
		for _, e := range found {
			page.Events = append(page.Events, e.Event)
		}
		if before == 0 {
			return page, nil
		}
		if f.Bounded || len(page.Events) == limit {
			page.Next = strconv.FormatInt(before, 10)
			return page, nil
		}
	}
}

// look reads up to limit events below a number. It returns the number to continue below; 0 at the end.
func (l *Lists) look(ctx context.Context, v sqlstore.View, f lockstep.EventFilter, before int64,
	limit int) (found []numbered, next int64, err error) {
	from, below, err := span(ctx, v, f)
	if err != nil {
		return nil, 0, err
	}
	s := selection{EventFilter: f, from: from, below: min(before, below), limit: limit}
	if found, next, err = s.read(ctx, v); err != nil {
		return nil, 0, err
	}
	if !f.Bodiless {
		err = l.bodies(ctx, v, found)
	}
	return found, next, err
}

// bodies adds the bodies of events.
func (l *Lists) bodies(ctx context.Context, v sqlstore.View, events []numbered) error {
	statement := l.Body
	if statement == "" {
		statement = BodyOfEvent
	}
	queries := make([]*sqlrun.Query, len(events))
	for i := range events {
		queries[i] = &sqlrun.Query{SQL: statement, Args: []any{events[i].seq, events[i].ReceivedAt.UnixMilli()},
			Row: func(row sqlrun.Scanner) error { return row.Scan(&events[i].Body) }}
	}
	if err := v.Send(ctx, queries...); err != nil {
		return err
	}
	for i, e := range events {
		body, err := eventbody.Unpack(e.Body)
		if err != nil {
			return fmt.Errorf("%s event %s: %w", e.Source, e.ID, err)
		}
		events[i].Body = body
	}
	return nil
}

// Event implements [lockstep.Repairs].
func (l *Lists) Event(ctx context.Context, ref lockstep.EventRef) (lockstep.Event, error) {
	sources := []lockstep.Source{lockstep.Stripe, lockstep.Clerk}
	if ref.Source != "" {
		sources = []lockstep.Source{ref.Source}
	}
	var found []numbered
	err := l.View(ctx, func(v sqlstore.View) error {
		found = nil
		for _, source := range sources {
			if err := v.Send(ctx, eventQuery(&found, EventByID, string(source), ref.ID)); err != nil {
				return err
			}
		}
		return l.bodies(ctx, v, found)
	})
	if err == nil && len(found) == 0 {
		err = lockstep.ErrNotFound
	}
	if err != nil {
		return lockstep.Event{}, fmt.Errorf("read event %s: %w", ref.ID, err)
	}
	return found[0].Event, nil
}

// eventQuery is a query whose rows are events.
func eventQuery(into *[]numbered, statement string, args ...any) *sqlrun.Query {
	return &sqlrun.Query{SQL: statement, Args: args, Row: func(row sqlrun.Scanner) error {
		e, err := scanEvent(row)
		*into = append(*into, e)
		return err
	}}
}

func scanEvent(row sqlrun.Scanner) (e numbered, err error) {
	var key *string
	var occurred, received int64
	err = row.Scan(&e.seq, &e.Source, &e.ID, &e.Type, &e.Origin, &e.ObjectID, &e.CustomerID, &e.APIVersion, &occurred,
		&received, &key, &e.Status, &e.Reason)
	if err != nil {
		return e, err
	}
	e.OccurredAt, e.ReceivedAt = moment(occurred), moment(received)
	if e.Status == lockstep.EventDone && e.Reason != "" {
		e.Status = lockstep.EventDropped
	}
	if key != nil {
		e.Key, err = lockstep.ParseKey(*key)
	}
	return e, err
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// selection is a filter with the numbers that it can match.
type selection struct {
	lockstep.EventFilter
	from, below int64 // the lowest number, and the one above the highest
	limit       int
}

// read reads events by the path that suits the filter. It returns the number to continue below; 0 at the end.
func (s selection) read(ctx context.Context, v sqlstore.View) ([]numbered, int64, error) {
	if !s.Key.IsZero() {
		return s.ofKey(ctx, v)
	}
	switch s.Status {
	case lockstep.EventPending, lockstep.EventParked, lockstep.EventFailed:
		if few, err := fewOpen(ctx, v); few || err != nil {
			return s.open(ctx, v, err)
		}
	}
	return s.byNumber(ctx, v)
}

// args are the parameters $1 to $8 of a page.
func (s selection) args() []any {
	since, until := int64(0), int64(math.MaxInt64)
	if !s.Since.IsZero() {
		since = s.Since.UnixMilli()
	}
	if !s.Until.IsZero() {
		until = s.Until.UnixMilli()
	}
	return []any{s.below, s.from, int64(s.limit + 1), string(s.Source), s.Type, since, until, string(s.Status)}
}

// plain reports whether the numbers say which events match.
func (s selection) plain() bool {
	return s.Source == "" && s.Type == "" && s.Status == "" && s.Since.IsZero() && s.Until.IsZero()
}

// byNumber looks at the next events by number.
func (s selection) byNumber(ctx context.Context, v sqlstore.View) (found []numbered, next int64, err error) {
	most := Look
	if s.plain() {
		most = s.limit + 1
	}
	err = v.Send(ctx, eventQuery(&found, EventsByNumber, append(s.args(), int64(most))...))
	if err != nil || len(found) > s.limit {
		found, next = s.cut(found)
		return found, next, err
	}
	var lowest, looked int64
	err = v.Send(ctx, &sqlrun.Query{SQL: LookedAt, Args: []any{s.below, s.from, int64(most)},
		Row: func(row sqlrun.Scanner) error { return row.Scan(&lowest, &looked) }})
	if looked < int64(most) {
		lowest = 0 // there are no others
	}
	return found, lowest, err
}

// cut returns the first page of what was found, and where the next one starts.
func (s selection) cut(found []numbered) (page []numbered, next int64) {
	if len(found) <= s.limit {
		return found, 0
	}
	return found[:s.limit], found[s.limit-1].seq
}

// ofKey reads the events of a key. It compares them with the rest of the filter here.
func (s selection) ofKey(ctx context.Context, v sqlstore.View) (found []numbered, next int64, err error) {
	most := Look
	if s.plain() {
		most = s.limit + 1
	}
	var looked []numbered
	err = v.Send(ctx, eventQuery(&looked, EventsOfKey, s.below, s.from, int64(most), string(s.Status), s.Key.String()))
	if err != nil {
		return nil, 0, err
	}
	found = slices.DeleteFunc(slices.Clone(looked), func(e numbered) bool { return !s.matches(e.Event) })
	if found, next = s.cut(found); next == 0 && len(looked) == most {
		next = looked[most-1].seq
	}
	return found, next, nil
}

func (s selection) matches(e lockstep.Event) bool {
	return (s.Source == "" || s.Source == e.Source) && (s.Type == "" || s.Type == e.Type) &&
		(s.Status == "" || s.Status == e.Status) && !e.ReceivedAt.Before(s.Since) &&
		(s.Until.IsZero() || e.ReceivedAt.Before(s.Until))
}

// open reads the open events of a status, unless the count before failed.
func (s selection) open(ctx context.Context, v sqlstore.View, failed error) (found []numbered, next int64, err error) {
	if failed != nil {
		return nil, 0, failed
	}
	err = v.Send(ctx, eventQuery(&found, EventsOpen, s.args()...))
	found, next = s.cut(found)
	return found, next, err
}

// fewOpen reports whether the open events are few enough to sort.
func fewOpen(ctx context.Context, v sqlstore.View) (bool, error) {
	var open int64
	err := v.Send(ctx, &sqlrun.Query{SQL: CountOpen, Args: []any{int64(MostOpen + 1)},
		Row: func(row sqlrun.Scanner) error { return row.Scan(&open) }})
	return open <= MostOpen, err
}
