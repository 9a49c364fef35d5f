package listing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/rundata"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// The statements about the history of runs.
const (
	// RunsOf asks each record's successor, or the key, how many runs the record stands for.
	RunsOf = `
select r.seq, r.key, r.number, coalesce(n.earlier_runs, w.run_same + 1, 1), r.began_at,
	coalesce(n.earlier_last, nullif(w.run_last, 0), r.began_at), r.took, r.attempt, r.scope, r.priority, r.disposition,
	r.reason, r.events, r.event_count, r.calls, r.facts
from runs r
left join runs n on n.key = r.key and n.number = r.number + 1
left join work w on w.key = r.key and n.seq is null
where r.key = $1 and r.seq < $2
order by r.number desc limit $3 + 0`

	// RunKeys lists the keys of an account and its customers.
	RunKeys = `
select cast($1 as text) || '/' || cast($2 as text)
union all
select 'customer/' || customer_id from accounts where kind = $1 and id = $2 and customer_id is not null
union all
select 'customer/' || customer_id from former_customers where kind = $1 and id = $2`
)

// Runs implements [lockstep.History].
func (l *Lists) Runs(ctx context.Context, filter lockstep.RunFilter) (page lockstep.RunPage, err error) {
	limit, before, err := pageOf(filter.Limit, filter.Before)
	if err != nil {
		return page, fmt.Errorf("read runs: %w", err)
	}
	var found []ran
	err = l.View(ctx, func(v sqlstore.View) (err error) {
		found, err = readRuns(ctx, v, filter, before, limit+1)
		return err
	})
	if err != nil {
		return page, fmt.Errorf("read runs: %w", err)
	}
	if len(found) > limit { // there is a next page
		found = found[:limit]
		page.Next = strconv.FormatInt(found[limit-1].seq, 10)
	}
	for _, r := range found {
		page.Runs = append(page.Runs, r.Run)
	}
	return page, nil
}

// readRuns reads the newest records of a key, or of an account's keys, below a number.
func readRuns(ctx context.Context, v sqlstore.View, f lockstep.RunFilter, before int64,
	limit int) (all []ran, err error) {
	keys := []string{f.Key.String()}
	if !f.Account.IsZero() {
		keys = nil
		err := v.Send(ctx, &sqlrun.Query{SQL: RunKeys, Args: []any{string(f.Account.Kind), f.Account.ID},
			Row: func(row sqlrun.Scanner) error {
				var key string
				err := row.Scan(&key)
				keys = append(keys, key)
				return err
			}})
		if err != nil {
			return nil, err
		}
	}
	queries := make([]*sqlrun.Query, len(keys))
	for i, key := range keys {
		queries[i] = &sqlrun.Query{SQL: RunsOf, Args: []any{key, before, int64(limit)}, Row: func(row sqlrun.Scanner) error {
			r, err := scanRun(row)
			all = append(all, r)
			return err
		}}
	}
	err = v.Send(ctx, queries...)
	slices.SortFunc(all, func(a, b ran) int { return cmp.Compare(b.seq, a.seq) })
	return all[:min(limit, len(all))], err
}

// ran is a record with its number among all keys.
type ran struct {
	lockstep.Run
	seq int64
}

func scanRun(row sqlrun.Scanner) (r ran, err error) {
	var key, events, calls, facts string
	var began, last, took int64
	err = row.Scan(&r.seq, &key, &r.Number, &r.Runs, &began, &last, &took, &r.Attempt, &r.Scope, &r.Priority,
		&r.Disposition, &r.Reason, &events, &r.EventCount, &calls, &facts)
	if err != nil {
		return r, err
	}
	r.Began, r.Last = time.UnixMilli(began).UTC(), time.UnixMilli(last).UTC()
	r.Took = time.Duration(took) * time.Millisecond
	if err := rundata.Decode(&r.Run, events, calls, facts); err != nil {
		return r, err
	}
	r.Key, err = lockstep.ParseKey(key)
	return r, err
}
