// Package gauges measures a store: how much work is open, and what connections and files it uses.
//
// It reads only by partial indexes and counts at most [lockstep.MostCounted] rows of each kind, so a
// measurement stays cheap while a backlog is large. It reads on the store's readers, so it never waits
// for a writer, and no writer waits for it.
package gauges

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// Gauges implements [lockstep.Measured] beside a store.
type Gauges struct {
	Reader sqlrun.Database
	// Clock selects the current time in milliseconds. Empty: the clock of the process.
	Clock string
	// Use returns what the store uses now.
	Use func() lockstep.Resources
}

var _ lockstep.Measured = (*Gauges)(nil)

// The statements, by what they count. [Granting] builds the one that takes event types.
const (
	// Due counts the due keys of one priority: $1 the time, $2 the priority, $3 the most rows.
	Due = `
select count(*), coalesce(min(due_at), 0) from (
	select due_at from work where generation > done_generation and priority = $2 and due_at <= $1
	order by due_at limit $3 + 0) as due`
	// Ended counts keys by the disposition that needs an operator: $1 the most rows.
	Ended = `
select disposition, count(*) from (
	select disposition from work where disposition in ('parked', 'failed') limit $1 + 0) as ended
group by disposition`
	// FirstOpen is when the oldest open event of the key $1 was received. It names all states of the partial
	// index, because SQLite does not use the index for a part of them.
	FirstOpen = `
select coalesce(min(received_at), 0) from events
where key = $1 and status in ('pending', 'parked', 'failed') and status <> 'failed'`
)

// Granting returns the statement that counts the open events of some types by status: $1 the most rows,
// then the types. The source is compared as an expression, because SQLite would otherwise take the index of
// all events of Stripe.
func Granting(types int) string {
	places := make([]string, types)
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+2)
	}
	return `
select status, count(*), min(received_at) from (
	select status, received_at from events
	where status in ('pending', 'parked', 'failed') and source || '' = 'stripe'
		and type in (` + strings.Join(places, ", ") + `)
	limit $1 + 0) as granting
group by status`
}

// Measure implements [lockstep.Measured].
func (g *Gauges) Measure(ctx context.Context, granting []string) (lockstep.Measurement, error) {
	m := lockstep.Measurement{Due: map[lockstep.Priority]lockstep.Backlog{}, Ended: map[lockstep.Disposition]int64{},
		Granting: map[lockstep.EventStatus]lockstep.Backlog{}}
	if err := g.measure(ctx, &m, granting); err != nil {
		return lockstep.Measurement{}, fmt.Errorf("measure open work: %w", err)
	}
	return m, nil
}

func (g *Gauges) measure(ctx context.Context, m *lockstep.Measurement, granting []string) error {
	now, err := g.now(ctx)
	if err != nil {
		return err
	}
	queries := []*sqlrun.Query{{SQL: Ended, Args: []any{int64(lockstep.MostCounted)}, Row: ended(m)}}
	for _, p := range []lockstep.Priority{lockstep.Interactive, lockstep.Normal, lockstep.Background} {
		queries = append(queries, &sqlrun.Query{SQL: Due, Args: []any{now, int64(p), int64(lockstep.MostCounted)},
			Row: func(row sqlrun.Scanner) error {
				var count, oldest int64
				err := row.Scan(&count, &oldest)
				m.Due[p] = backlog(count, oldest, now)
				return err
			}})
	}
	if len(granting) > 0 {
		args := []any{int64(lockstep.MostCounted)}
		for _, name := range granting {
			args = append(args, name)
		}
		queries = append(queries, &sqlrun.Query{SQL: Granting(len(granting)), Args: args, Row: open(m, now)})
	}
	return g.read(ctx, queries...)
}

func ended(m *lockstep.Measurement) func(sqlrun.Scanner) error {
	return func(row sqlrun.Scanner) error {
		var disposition string
		var count int64
		err := row.Scan(&disposition, &count)
		m.Ended[lockstep.Disposition(disposition)] = count
		return err
	}
}

func open(m *lockstep.Measurement, now int64) func(sqlrun.Scanner) error {
	return func(row sqlrun.Scanner) error {
		var status string
		var count, oldest int64
		err := row.Scan(&status, &count, &oldest)
		m.Granting[lockstep.EventStatus(status)] = backlog(count, oldest, now)
		return err
	}
}

func backlog(count, oldest, now int64) lockstep.Backlog {
	if count == 0 {
		return lockstep.Backlog{}
	}
	return lockstep.Backlog{Count: count, Age: max(time.Duration(now-oldest)*time.Millisecond, 0)}
}

// FirstOpen implements [lockstep.Measured].
func (g *Gauges) FirstOpen(ctx context.Context, key lockstep.Key) (time.Time, error) {
	var received int64
	err := g.read(ctx, &sqlrun.Query{SQL: FirstOpen, Args: []any{key.String()},
		Row: func(row sqlrun.Scanner) error { return row.Scan(&received) }})
	if err != nil {
		return time.Time{}, fmt.Errorf("read the oldest open event of %s: %w", key, err)
	}
	if received == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(received), nil
}

// Resources implements [lockstep.Measured].
func (g *Gauges) Resources() lockstep.Resources { return g.Use() }

// now returns the time by the clock that work is due by.
func (g *Gauges) now(ctx context.Context) (now int64, err error) {
	if g.Clock == "" {
		return time.Now().UnixMilli(), nil
	}
	err = g.read(ctx, &sqlrun.Query{SQL: g.Clock, Row: func(row sqlrun.Scanner) error { return row.Scan(&now) }})
	return now, err
}

// read runs queries in one transaction of a reader.
func (g *Gauges) read(ctx context.Context, queries ...*sqlrun.Query) error {
	t, err := g.Reader.Begin(ctx)
	if err != nil {
		return err
	}
	defer t.End()
	return t.Send(ctx, queries, true)
}
