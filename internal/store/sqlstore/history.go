package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/rundata"
)

const (
	// appendRun writes the record of a run that holds the token $2, before the run's events are settled. Unless $3 is
	// 1, it does nothing while the run has more than $4 open events, as finishDone does.
	//
	// A run that found what the key's newest record says is counted at the key instead, by noteRun. $6 is 1 if the run
	// changed nothing, $7 is the digest of what it found. A run that settles events leaves a record; $8 is 1 if this
	// run is known to settle none.
	//
	// $5 is when the run began, $9 how many events earlier steps have settled. The record also keeps how many runs its
	// predecessor stands for, because a record does not change once it is written.
	appendRun Statement = `
insert into runs (key, number, began_at, took, attempt, scope, priority, disposition, reason, events, event_count,
	calls, facts, earlier_runs, earlier_last)
select $1, run_number + 1, cast($5 as bigint), cast($10 as bigint),
	cast($11 as bigint), cast($12 as bigint), cast($13 as bigint), $14, $15,
	coalesce((
		select string_agg(name, ' ') from (
			select source || '/' || id as name from events
			where key = $1 and status in ('pending', 'parked', 'failed') and generation <= work.claimed_generation
			limit 20) as named), ''),
	cast($9 as bigint) + (
		select count(*) from (
			select 1 from events
			where key = $1 and status in ('pending', 'parked', 'failed') and generation <= work.claimed_generation
			limit $4 + 1) as counted),
	$16, $17, run_same + 1, run_last
from work where key = $1 and lease_token = $2
	and ($3 = 1 or not exists (
		select 1 from events where key = $1 and status in ('pending', 'parked', 'failed')
			and generation <= work.claimed_generation limit 1 offset $4 + 0))
	and not ($6 = 1 and run_digest = $7 and ($8 = 1 or not exists (
		select 1 from events where key = $1 and status in ('pending', 'parked', 'failed')
			and generation <= work.claimed_generation)))`

	// noteRun counts a run at its key, after appendRun and with its first parameters: the key's newest record stands
	// for one run, and for those counted here.
	noteRun Statement = `
update work set
	run_last = $5, run_digest = $7,
	run_number = run_number + case when ($6 = 1 and run_digest = $7 and ($8 = 1 or not exists (
		select 1 from events where key = $1 and status in ('pending', 'parked', 'failed')
			and generation <= work.claimed_generation))) then 0 else 1 end,
	run_same = case when ($6 = 1 and run_digest = $7 and ($8 = 1 or not exists (
		select 1 from events where key = $1 and status in ('pending', 'parked', 'failed')
			and generation <= work.claimed_generation))) then run_same + 1 else 0 end
where key = $1 and lease_token = $2
	and ($3 = 1 or not exists (
		select 1 from events where key = $1 and status in ('pending', 'parked', 'failed')
			and generation <= work.claimed_generation limit 1 offset $4 + 0))`

	selectRunPageEnd Statement = `select seq, began_at from runs where seq > $1 order by seq limit 1 offset $2`

	expireRuns Statement = `delete from runs where seq > $1 and seq < $2 and began_at < $3`

	forgetRuns Statement = `
delete from runs where seq in (select seq from runs where key = $1 limit $2 + 0)`

	// forgetNoted makes the key's next run leave a record, also if it finds what a forgotten record said.
	forgetNoted Statement = `update work set run_same = 0, run_last = 0, run_digest = 0 where key = $1`
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
// are settled. sure says that the transaction ends the claim, however many events are open; settled, how many
// events the transaction is known to have settled, or unknown.
func (t *tx) record(claim lockstep.Claim, outcome lockstep.Outcome, sure bool, settled int64) {
	run := t.run
	if run == nil {
		return
	}
	same := run.Quiet() && run.settled == 0 && settled <= 0
	noted := []any{claim.Key.String(), claim.Token, bit(sure), t.dialect.step(1), millis(run.Began), bit(same),
		rundata.Digest(claim.Key, outcome, run.Began, run.facts), bit(settled == 0)}
	t.queue(appendRun, append(slices.Clip(noted), run.settled, run.Took.Milliseconds(), claim.Attempt, claim.Scope,
		claim.Priority, outcome.Disposition, outcome.Reason, run.calls, run.facts)...)
	t.queue(noteRun, noted...)
}

// unknown is how many events a transaction settles that does not know it yet.
const unknown = -1

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
				t.queue(forgetNoted, key.String())
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
