package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	// finishDone does nothing while the run has open events, unless $5 is 1: then they move to
	// another key. $3 is when to look again (0: not at all), $4 with which scope. A mark made
	// during the run has its own time and takes precedence. $6 is when the quiet period ends (0: as
	// before); marks made during the run wait for it unless one of them does not gather.
	finishDone Statement = `
update work set
	done_generation = claimed_generation,
	lease_token = '', lease_until = 0, claimed_scope = 0,
	attempts = 0, disposition = 'done', reason = '',
	generation = case when generation = claimed_generation
		and cast($3 as bigint) > 0 then generation + 1 else generation end,
	run_at = case when generation = claimed_generation and cast($3 as bigint) > 0 then $3
		when generation > claimed_generation and gathers = 1 and cast($6 as bigint) > run_at then $6 else run_at end,
	scope = case when generation = claimed_generation and cast($3 as bigint) > 0 then scope | $4 else scope end,
	priority = case when generation = claimed_generation and cast($3 as bigint) > 0 then 2 else priority end,
	quiet_until = case when cast($6 as bigint) > 0 then $6 else quiet_until end
where key = $1 and lease_token = $2
	and ($5 = 1 or not exists (
		select 1 from events e
		where e.key = $1 and e.status in ('pending', 'parked', 'failed') and e.generation <= work.claimed_generation))`

	// finishRetry: $3 is the time of the next try, $4 the latest time for an interactive mark made
	// during the run, $5 the reason, $6 how many tries this run counts as.
	finishRetry Statement = `
update work set
	lease_token = '', lease_until = 0,
	scope = scope | claimed_scope, claimed_scope = 0,
	run_at = case when generation > claimed_generation and priority = 0
		and cast($4 as bigint) < cast($3 as bigint) then cast($4 as bigint) else cast($3 as bigint) end,
	priority = case when claimed_priority < priority then claimed_priority else priority end,
	attempts = attempts - 1 + $6,
	disposition = 'retry', reason = $5
where key = $1 and lease_token = $2`

	// finishEnded parks the key.
	finishEnded Statement = `
update work set
	done_generation = claimed_generation,
	lease_token = '', lease_until = 0, claimed_scope = 0,
	attempts = case when generation > claimed_generation then 0 else attempts end,
	disposition = $3, reason = $4
where key = $1 and lease_token = $2`

	// finishFailed: $3, $4 and $6 as in finishDone, $5 the reason.
	finishFailed Statement = `
update work set
	done_generation = claimed_generation,
	lease_token = '', lease_until = 0, claimed_scope = 0,
	attempts = case when generation > claimed_generation or cast($3 as bigint) > 0 then 0 else attempts end,
	disposition = 'failed', reason = $5,
	generation = case when generation = claimed_generation
		and cast($3 as bigint) > 0 then generation + 1 else generation end,
	run_at = case when generation = claimed_generation and cast($3 as bigint) > 0 then $3
		when generation > claimed_generation and gathers = 1 and cast($6 as bigint) > run_at then $6 else run_at end,
	scope = case when generation = claimed_generation and cast($3 as bigint) > 0 then scope | $4 else scope end,
	priority = case when generation = claimed_generation and cast($3 as bigint) > 0 then 2 else priority end,
	quiet_until = case when cast($6 as bigint) > 0 then $6 else quiet_until end
where key = $1 and lease_token = $2`

	// settleEvents and endWaits do nothing unless the token ($2) is the current one.
	settleEvents Statement = `
update events set status = $3, reason = $4
where seq in (
	select seq from events
	where key = $1 and status in ('pending', 'parked', 'failed') and (status <> $3 or reason <> $4)
		and generation <= (select claimed_generation from work where key = $1 and lease_token = $2)
	limit $5 + 0)`

	endWaits Statement = `
delete from work_waits where key = $1 and exists (select 1 from work where key = $1 and lease_token = $2)`

	selectOpenEvent Statement = `
select seq from events where key = $1 and status in ('pending', 'parked', 'failed') limit 1`

	deleteWaits Statement = `delete from work_waits where key = $1`
	insertWait  Statement = `insert into work_waits (key, waits_for) values ($1, $2) on conflict do nothing`

	// selectLinkedSince counts accounts ($1, $2, or that of the customer $3) that were first seen
	// or newly linked since the key $4 was claimed.
	selectLinkedSince Statement = `
select count(*) from (
	select linked_seq from accounts where kind = $1 and id = $2
	union all
	select linked_seq from accounts where customer_id = $3
	union all
	select a.linked_seq from former_customers f join accounts a on a.kind = f.kind and a.id = f.id where f.customer_id = $3
) as linked
where linked_seq > (select claimed_seq from work where key = $4)`
)

// Finish implements [lockstep.Queue].
func (s *Store) Finish(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) error {
	err := s.finish(ctx, claim, outcome)
	if err != nil {
		return fmt.Errorf("finish %s: %w", claim.Key, err)
	}
	return nil
}

// finish ends a claim, in several steps if it has many events.
func (s *Store) finish(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) error {
	run, err := newReport(outcome.Run)
	if err != nil {
		return err
	}
	for {
		ended := true
		conclude := func(t *tx) (err error) {
			t.run = run
			ended, err = t.conclude(ctx, claim, outcome)
			return err
		}
		if outcome.Disposition == lockstep.Done {
			err = s.writeEarly(ctx, conclude)
		} else {
			err = s.fenced(ctx, claim, conclude)
		}
		if err == nil && !ended { // events are left, or the lease is lost
			err = s.fenced(ctx, claim, func(*tx) error { return nil })
		}
		if ended || err != nil {
			return err
		}
		run.stepped(int64(s.step(1))) // a step that does not end the run is full
	}
}

// conclude ends a run, or settles some of its events if it has many.
func (t *tx) conclude(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) (ended bool, err error) {
	t.later = true
	switch outcome.Disposition {
	case lockstep.Done:
		return t.done(ctx, claim, outcome)
	case lockstep.Retry:
		soon := t.now() + haste.Milliseconds()
		at := max(millis(outcome.At), t.now())
		t.record(claim, outcome, true, 0)
		t.queue(finishRetry, claim.Key.String(), claim.Token, at, soon, outcome.Reason, 1-bit(outcome.Untried))
		return true, nil
	case lockstep.Parked:
		return t.park(ctx, claim, outcome)
	case lockstep.Failed:
		return t.end(ctx, claim, outcome, lockstep.EventFailed, finishFailed, millis(outcome.At), outcome.Scope,
			outcome.Reason, millis(outcome.QuietUntil))
	}
	return true, fmt.Errorf("unknown disposition %q", outcome.Disposition)
}

// done ends a successful run and commits. Each of its statements looks for the token, so they are
// sent with the fence, which only locks the key's row where there are several writers. The run has
// not ended if events are left or the lease is lost.
func (t *tx) done(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) (ended bool, err error) {
	if claim.Token == "" {
		return false, lost(claim)
	}
	if _, locks := t.dialect.Lock[HoldsLease]; locks {
		t.queue(HoldsLease, claim.Key.String(), claim.Token)
	}
	moved, err := t.moved(ctx, claim.Key)
	if err != nil {
		return false, err
	}
	t.queue(endWaits, claim.Key.String(), claim.Token)
	t.record(claim, outcome, moved, unknown)
	if moved {
		if err := t.sendAfter(ctx, claim.Key); err != nil {
			return false, fmt.Errorf("move events: %w", err)
		}
	} else {
		t.queue(settleEvents, claim.Key.String(), claim.Token, lockstep.EventDone, "", t.dialect.step(1))
	}
	end := t.queue(finishDone, claim.Key.String(), claim.Token, millis(outcome.At), outcome.Scope, bit(moved),
		millis(outcome.QuietUntil))
	err = t.commit(ctx)
	return end.Changed > 0, err
}

// sendAfter moves the open events of a linked customer to its account. The link has moved those
// that it saw; events that other transactions stored at the same time are left.
func (t *tx) sendAfter(ctx context.Context, customer lockstep.Key) error {
	open, err := collect(ctx, t, scanNumber, selectOpenEvent, customer.String())
	if err != nil || len(open) == 0 {
		return err
	}
	account, err := t.linked(ctx, customer.ID)
	if err != nil {
		return err
	}
	t.mark(lockstep.Mark{Key: account.Key(), Priority: lockstep.Normal})
	more, err := t.moveEvents(ctx, account, customer.String())
	if more {
		t.wakeRest(customer)
	}
	return err
}

// moved reports whether a key is that of a linked customer, whose remaining events move to the
// account.
func (t *tx) moved(ctx context.Context, key lockstep.Key) (bool, error) {
	if key.Kind != lockstep.KeyCustomer {
		return false, nil
	}
	landed, err := t.land(ctx, key)
	return landed != key, err
}

// end ends a run that only the next mark repeats. It runs the statement with the key, the token and
// args. The run has not ended while it has more events than one step settles.
func (t *tx) end(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome, s lockstep.EventStatus,
	statement Statement, args ...any) (ended bool, err error) {
	most := t.dialect.step(1)
	settled, err := t.exec(ctx, settleEvents, claim.Key.String(), claim.Token, s, outcome.Reason, most)
	if err != nil {
		return false, fmt.Errorf("settle events: %w", err)
	}
	if settled == int64(most) {
		return false, nil
	}
	t.queue(endWaits, claim.Key.String(), claim.Token)
	t.record(claim, outcome, true, settled)
	t.queue(statement, append([]any{claim.Key.String(), claim.Token}, args...)...)
	return true, nil
}

// park ends a run whose key belongs to no known account. If what it waits for appeared during the
// run, the key runs again.
func (t *tx) park(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) (ended bool, err error) {
	if moved, err := t.moved(ctx, claim.Key); err != nil {
		return false, err
	} else if moved { // linked meanwhile: the account has its events
		return t.done(ctx, claim, lockstep.Outcome{Disposition: lockstep.Done})
	}
	// This lock orders the park and every link: a link is either committed before and seen here,
	// or commits later and finds the waits written here.
	t.queue(SelectLastChange)
	missed, err := t.missed(ctx, claim, outcome.WaitsFor)
	if err != nil {
		return false, err
	}
	if ended, err := t.end(ctx, claim, outcome, lockstep.EventParked, finishEnded, lockstep.Parked,
		outcome.Reason); !ended || err != nil {
		return ended, err
	}
	for _, key := range outcome.WaitsFor {
		t.queue(insertWait, claim.Key.String(), key.String())
	}
	if !missed {
		return true, nil
	}
	again := lockstep.Mark{Key: claim.Key, Scope: claim.Scope | lockstep.ScopeAll, Priority: lockstep.Normal}
	t.markPlaced(again) // the events are there still
	return true, nil
}

// missed reports whether one of keys was first seen or linked since the claim.
func (t *tx) missed(ctx context.Context, claim lockstep.Claim, keys []lockstep.Key) (bool, error) {
	var answers []func() (int64, error)
	for _, key := range keys {
		var customer any
		if key.Kind == lockstep.KeyCustomer {
			customer = key.ID
		}
		answers = append(answers, askOne(ctx, t, scanNumber, selectLinkedSince, key.Kind, key.ID, customer,
			claim.Key.String()))
	}
	for _, linked := range answers {
		if n, err := linked(); n > 0 || err != nil {
			return true, err
		}
	}
	return false, nil
}
