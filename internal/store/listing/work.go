package listing

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// lookWork is the most keys that a page looks at.
const lookWork = 1000

// The columns of a key, as scanWork reads them.
const workColumns = `key, scope | claimed_scope, priority, generation, done_generation, run_at, lease_until, attempts,
	disposition, reason, due_at`

// The statements about work.
const (
	// WorkEnded reads keys that failed or parked: those after $1 and before $2, at most $3. Some may be pending
	// again.
	WorkEnded = `
select ` + workColumns + ` from work
where disposition in ('parked', 'failed') and key > $1 and key < $2 order by key limit $3 + 0`

	// WorkPending reads the pending keys of the priority $1 in the order of their claims: those after the time $2
	// and the key $3, at most $4.
	WorkPending = `
select ` + workColumns + ` from work
where generation > done_generation and priority = $1 and (due_at, key) > ($2, $3)
order by due_at, key limit $4 + 0`

	// WorkOf reads the key $1.
	WorkOf = `select ` + workColumns + ` from work where key = $1`

	// OpenSince is when the oldest open event of the key $1 was received, by number in each state.
	OpenSince = `
select coalesce(min(received_at), 0) from (
	select received_at from (select received_at from events
		where key = $1 and status in ('pending', 'parked', 'failed') and status = 'pending' order by seq limit 1) as pending
	union all
	select received_at from (select received_at from events
		where key = $1 and status in ('pending', 'parked', 'failed') and status = 'parked' order by seq limit 1) as parked
	union all
	select received_at from (select received_at from events
		where key = $1 and status in ('pending', 'parked', 'failed') and status = 'failed' order by seq limit 1) as failed
) as oldest`

	// Backlog reads what is pending, parked or failed: at most $1, ordered by key. It may read all keys, so no page
	// uses it.
	Backlog = `
select * from (
	select ` + workColumns + ` from work where generation > done_generation
	union all
	select ` + workColumns + ` from work where disposition in ('parked', 'failed') and generation <= done_generation
) as backlog
order by key limit $1 + 0`
)

// queued is a key with the time that orders it.
type queued struct {
	lockstep.OpenWork
	due int64
}

// OpenWork implements [lockstep.Repairs].
func (l *Lists) OpenWork(ctx context.Context, filter lockstep.WorkFilter) (page lockstep.WorkPage, err error) {
	limit := filter.Limit
	if limit <= 0 {
		limit = 50
	}
	at, err := parsePlace(filter.After)
	if err == nil {
		err = l.View(ctx, func(v sqlstore.View) error {
			found, next, err := readWork(ctx, v, filter, at, limit)
			if err != nil {
				return err
			}
			page = lockstep.WorkPage{Next: next}
			return since(ctx, v, found, &page)
		})
	}
	if err != nil {
		return lockstep.WorkPage{}, fmt.Errorf("read work: %w", err)
	}
	return page, nil
}

// Backlog implements [lockstep.Queue].
func (l *Lists) Backlog(ctx context.Context, limit int) (all []lockstep.Work, err error) {
	err = l.View(ctx, func(v sqlstore.View) error {
		found, err := ask(ctx, v, Backlog, int64(limit))
		all = nil
		for _, q := range found {
			all = append(all, q.Work)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read backlog: %w", err)
	}
	return all, nil
}

// since adds the age of each key to a page.
func since(ctx context.Context, v sqlstore.View, found []queued, page *lockstep.WorkPage) error {
	received := make([]int64, len(found))
	queries := make([]*sqlrun.Query, len(found))
	for i, q := range found {
		queries[i] = &sqlrun.Query{SQL: OpenSince, Args: []any{q.Key.String()},
			Row: func(row sqlrun.Scanner) error { return row.Scan(&received[i]) }}
	}
	if err := v.Send(ctx, queries...); err != nil {
		return err
	}
	for i, q := range found {
		q.Since = moment(received[i])
		page.Work = append(page.Work, q.OpenWork)
	}
	return nil
}

// ask runs a statement whose rows are keys.
func ask(ctx context.Context, v sqlstore.View, statement string, args ...any) (found []queued, err error) {
	err = v.Send(ctx, &sqlrun.Query{SQL: statement, Args: args, Row: func(row sqlrun.Scanner) error {
		q, err := scanWork(row, v.Now)
		found = append(found, q)
		return err
	}})
	return found, err
}

func scanWork(row sqlrun.Scanner, now func() int64) (q queued, err error) {
	var key string
	var runAt, leaseUntil int64
	err = row.Scan(&key, &q.Scope, &q.Priority, &q.Generation, &q.DoneGeneration, &runAt, &leaseUntil, &q.Attempts,
		&q.Disposition, &q.Reason, &q.due)
	if err != nil {
		return q, err
	}
	q.RunAt = moment(runAt)
	if leaseUntil > now() {
		q.LeaseUntil = moment(leaseUntil)
	}
	q.Key, err = lockstep.ParseKey(key)
	return q, err
}

// place is a place in the list: keys that ended, by key; then pending ones, by priority, time and key.
type place struct {
	pending  bool
	priority int64
	due      int64
	key      string
}

// String returns the place as a cursor.
func (p place) String() string {
	if !p.pending {
		return "ended:" + p.key
	}
	return fmt.Sprintf("pending:%d:%d:%s", p.priority, p.due, p.key)
}

// parsePlace parses a cursor; an empty one is the start.
func parsePlace(cursor string) (p place, err error) {
	if cursor == "" {
		return p, nil
	}
	kind, rest, _ := strings.Cut(cursor, ":")
	if kind == "ended" {
		return place{key: rest}, nil
	}
	fields := strings.SplitN(rest, ":", 3)
	if kind == "pending" && len(fields) == 3 {
		p = place{pending: true, key: fields[2]}
		var failed error
		p.priority, err = strconv.ParseInt(fields[0], 10, 64)
		p.due, failed = strconv.ParseInt(fields[1], 10, 64)
		// A page steps from priority to priority, so one far below the first would take forever.
		known := p.priority >= int64(lockstep.Interactive) && p.priority <= int64(lockstep.Background)
		if err == nil && failed == nil && known {
			return p, nil
		}
	}
	return p, fmt.Errorf("%w: cursor %q is not the Next of a page", lockstep.ErrInvalid, cursor)
}

// readWork reads up to limit keys after a place, and returns the cursor of the next page.
func readWork(ctx context.Context, v sqlstore.View, f lockstep.WorkFilter, at place,
	limit int) (found []queued, next string, err error) {
	if !f.Key.IsZero() {
		if at != (place{}) {
			return nil, "", nil
		}
		found, err = ask(ctx, v, WorkOf, f.Key.String())
		return matching(found, f), "", err
	}
	r := &reading{filter: f, at: at, limit: limit, looks: lookWork}
	if f.Status == lockstep.WorkPending && !at.pending {
		r.at = place{pending: true}
	}
	for r.more() {
		if err := r.step(ctx, v); err != nil {
			return nil, "", err
		}
	}
	if !r.ended {
		next = r.at.String()
	}
	return r.found, next, nil
}

// matching returns the open keys that a filter selects.
func matching(all []queued, f lockstep.WorkFilter) (some []queued) {
	for _, q := range all {
		if selects(f, q.Work) {
			some = append(some, q)
		}
	}
	return some
}

func selects(f lockstep.WorkFilter, w lockstep.Work) bool {
	status := w.Status()
	open := status == lockstep.WorkPending || status == lockstep.WorkParked || status == lockstep.WorkFailed
	return open && (f.Status == "" || f.Status == status) && (f.Kind == "" || f.Kind == w.Key.Kind)
}
