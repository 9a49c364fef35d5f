package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/rundata"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// AppendRun writes the record of a run that holds the token $2, before the run's events are settled. If
	// $15 is 1, the run changed nothing; if it also found what the key's newest record says, it is counted
	// there. Unless $3 is 1, it does nothing while the run has more than $4 open events, as finishDone does.
	// $5 is how many events earlier steps have settled. A database whose numbers come from a sequence
	// replaces it.
	AppendRun Statement = `
with run as materialized (
	select
		coalesce((
			select string_agg(name, ' ') from (
				select source || '/' || id as name from events
				where key = $1 and status in ('pending', 'parked', 'failed') and generation <= work.claimed_generation
				limit 20) as named), '') as events,
		(select count(*) from (
			select 1 from events
			where key = $1 and status in ('pending', 'parked', 'failed') and generation <= work.claimed_generation
			limit $4 + 1) as counted) as open
	from work where key = $1 and lease_token = $2)
insert into runs (seq, key, number, runs, began_at, last_at, took, attempt, scope, priority, disposition, reason,
	events, event_count, calls, facts)
select case when $15 = 1 and last.facts = $14 and last.disposition = $11 and last.reason = $12
		and last.events = run.events and last.event_count = run.open + $5 and last.began_at > $6 - 2592000000
		then last.seq end,
	$1, coalesce(last.number, 0) + 1, 1, $6, $6, $7, $8, $9, $10, $11, $12, run.events, run.open + $5, $13, $14
from run left join runs last on last.key = $1 and last.number = (select max(number) from runs where key = $1)
where $3 = 1 or run.open <= $4
on conflict (seq) do update set
	runs = runs.runs + 1, last_at = excluded.last_at, took = excluded.took, attempt = excluded.attempt`

	selectRuns Statement = `
select seq, key, number, runs, began_at, last_at, took, attempt, scope, priority, disposition, reason, events,
	event_count, calls, facts
from runs where key = $1 and seq < $2
order by number desc limit $3 + 0`

	// selectRunKeys lists the keys of an account and its customers.
	selectRunKeys Statement = `
select cast($1 as text) || '/' || cast($2 as text)
union all
select 'customer/' || customer_id from accounts where kind = $1 and id = $2 and customer_id is not null
union all
select 'customer/' || customer_id from former_customers where kind = $1 and id = $2`

	selectRunPageEnd Statement = `select seq, began_at from runs where seq > $1 order by seq limit 1 offset $2`

	expireRuns Statement = `delete from runs where seq > $1 and seq < $2 and began_at < $3`

	forgetRuns Statement = `
delete from runs where seq in (select seq from runs where key = $1 limit $2 + 0)`
)

// report is what a run reports of itself, as the database stores it.
type report struct {
	lockstep.RunReport
	calls, facts string
	settled      int64 // events, in committed steps
}

// newReport encodes a report; nil stays nil.
func newReport(run *lockstep.RunReport) (*report, error) {
	if run == nil {
		return nil, nil
	}
	calls, facts, err := rundata.Encode(*run)
	return &report{RunReport: *run, calls: calls, facts: facts}, err
}

// stepped notes how many events a committed step has settled.
func (r *report) stepped(events int64) {
	if r != nil {
		r.settled += events
	}
}

// record queues the run's record. It comes before the claim ends and, for a run that is done, before its events
// are settled. sure says that the transaction ends the claim, however many events are open.
func (t *tx) record(claim lockstep.Claim, outcome lockstep.Outcome, sure bool) {
	run := t.run
	if run == nil {
		return
	}
	t.queue(AppendRun, claim.Key.String(), claim.Token, bit(sure), t.dialect.step(1), run.settled, millis(run.Began),
		run.Took.Milliseconds(), claim.Attempt, claim.Scope, claim.Priority, outcome.Disposition, outcome.Reason, run.calls,
		run.facts, bit(run.Quiet()))
}

// Runs implements [lockstep.History].
func (s *Store) Runs(ctx context.Context, filter lockstep.RunFilter) (page lockstep.RunPage, err error) {
	limit, before := cmp.Or(max(filter.Limit, 0), defaultPage), int64(math.MaxInt64)
	if filter.Before != "" {
		if before, err = strconv.ParseInt(filter.Before, 10, 64); err != nil {
			return page, fmt.Errorf("read runs: %w: cursor %q is not the Next of a page", lockstep.ErrInvalid, filter.Before)
		}
	}
	var found []runRow
	err = s.read(ctx, func(t *tx) (err error) {
		keys := []string{filter.Key.String()}
		if !filter.Account.IsZero() {
			keys, err = collect(ctx, t, text, selectRunKeys, filter.Account.Kind, filter.Account.ID)
			if err != nil {
				return err
			}
		}
		found, err = t.runs(ctx, keys, before, limit+1)
		return err
	})
	if len(found) > limit { // there is a next page
		found = found[:limit]
		page.Next = strconv.FormatInt(found[limit-1].seq, 10)
	}
	for _, r := range found {
		page.Runs = append(page.Runs, r.Run)
	}
	return wrap(page, err, "read runs")
}

// runs returns the newest records of keys below a number.
func (t *tx) runs(ctx context.Context, keys []string, before int64, limit int) (all []runRow, err error) {
	var answers []func() ([]runRow, error)
	for _, key := range keys {
		answers = append(answers, ask(ctx, t, scanRun, selectRuns, key, before, limit))
	}
	for _, answer := range answers {
		some, err := answer()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b runRow) int { return cmp.Compare(b.seq, a.seq) })
	return all[:min(limit, len(all))], nil
}

// runRow is a record with its number among all keys.
type runRow struct {
	lockstep.Run
	seq int64
}

func scanRun(row sqlrun.Scanner) (r runRow, err error) {
	var key, events, calls, facts string
	var began, last, took int64
	err = row.Scan(&r.seq, &key, &r.Number, &r.Runs, &began, &last, &took, &r.Attempt, &r.Scope, &r.Priority,
		&r.Disposition, &r.Reason, &events, &r.EventCount, &calls, &facts)
	if err != nil {
		return r, err
	}
	r.Began, r.Last, r.Took = moment(began), moment(last), time.Duration(took)*time.Millisecond
	if err := rundata.Decode(&r.Run, events, calls, facts); err != nil {
		return r, err
	}
	r.Key, err = lockstep.ParseKey(key)
	return r, err
}

// ExpireRuns implements [lockstep.History]. Records are numbered in about the order of their first runs, so it
// ends with the first page whose successor is young.
func (s *Store) ExpireRuns(ctx context.Context, claim lockstep.Claim, age time.Duration, after string) (next string,
	removed int64, err error) {
	next, removed, err = s.expirePage(ctx, claim, age, after, selectRunPageEnd, expireRuns)
	if err != nil {
		return "", 0, fmt.Errorf("expire runs: %w", err)
	}
	return next, removed, nil
}

// forgetRuns removes the records of keys, in steps.
func (s *Store) forgetRuns(ctx context.Context, keys []lockstep.Key) error {
	for _, key := range keys {
		for most, more := int64(s.step(1)), true; more; {
			err := s.write(ctx, func(t *tx) error {
				removed, err := t.exec(ctx, forgetRuns, key.String(), most)
				more = removed == most
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
