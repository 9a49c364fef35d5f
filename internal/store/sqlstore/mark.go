package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// haste is how long an interactive mark waits at most for a key that is in backoff.
const haste = 5 * time.Second

const (
	// UpsertMark marks a key, or the account that the customer $8 is or was linked to. $4 is the
	// time, $5 when the mark wants a run, $6 the latest time at which an interactive mark gets its
	// run during backoff, $7 whether it gathers, $9 whether it wants its run at once if it lands on
	// an account without access. A quiet period delays it by a minute at most, even if a clock went
	// back. The cases of priority and run_at, in this order:
	//
	//	nothing was pending
	//	a run is in progress and this is the first mark since its claim: the columns hold the run's values
	//	the key is in backoff (run_at only)
	//	something was pending already
	//
	// A mark that adds nothing to what no run has taken yet only locks the row. That happens for
	// all but the first event of a checkout. The lock makes the next run start after this
	// transaction, so it sees this event.
	UpsertMark Statement = `
insert into work (key, scope, priority, generation, run_at, gathers)
select coalesce(landed.kind || '/' || landed.id, $1), $2, $3, 1,
	case when $9 = 1 and landed.entitled = 0 then $4 else $5 end, $7
from (select 1) as mark left join (
	select kind, id, entitled_by <> '' as entitled from accounts where customer_id = $8
	union all
	select a.kind, a.id, a.entitled_by <> ''
	from former_customers f join accounts a on a.kind = f.kind and a.id = f.id where f.customer_id = $8
	limit 1) as landed on true
where true
on conflict (key) do update set
	generation = work.generation + 1,
	scope = work.scope | excluded.scope,
	gathers = min(work.gathers, excluded.gathers),
	attempts = case when work.generation = work.done_generation then 0 else work.attempts end,
	priority = case
		when work.generation = work.done_generation then excluded.priority
		when work.lease_until > $4 and work.generation = work.claimed_generation then excluded.priority
		when excluded.priority < work.priority then excluded.priority
		else work.priority end,
	run_at = case
		when work.generation = work.done_generation or work.lease_until > $4 and work.generation = work.claimed_generation
			then max(excluded.run_at, min(work.quiet_until, $4 + 60000) * excluded.gathers)
		when work.lease_until <= $4 and work.disposition = 'retry' then
			case when excluded.priority = 0 and $6 < work.run_at then $6 else work.run_at end
		else min(work.run_at, max(excluded.run_at, min(work.quiet_until, $4 + 60000) * excluded.gathers)) end
where work.generation = work.done_generation or work.generation = work.claimed_generation
	or work.scope <> work.scope | excluded.scope or excluded.priority < work.priority
	or work.lease_until > $4 and excluded.gathers < work.gathers
	or case when work.lease_until <= $4 and work.disposition = 'retry' then excluded.priority = 0 and $6 < work.run_at
		else max(excluded.run_at, min(work.quiet_until, $4 + 60000) * excluded.gathers) < work.run_at end`

	// selectLinked finds the account that a customer is, or was, linked to.
	selectLinked Statement = `
select kind, id from accounts where customer_id = $1
union all
select kind, id from former_customers where customer_id = $1
limit 1`
)

// Mark implements [lockstep.Queue].
func (s *Store) Mark(ctx context.Context, marks ...lockstep.Mark) error {
	for some := range slices.Chunk(marks, s.step(1)) {
		err := s.write(ctx, func(t *tx) error {
			t.mark(some...)
			return nil
		})
		if err != nil {
			return fmt.Errorf("mark %d keys: %w", len(marks), err)
		}
	}
	return nil
}

// mark marks each key once, or the account on which the mark lands. It does so in the order of the keys,
// so that two writers do not deadlock.
func (t *tx) mark(marks ...lockstep.Mark) { t.markAs(marks, customerOf) }

// markPlaced marks keys that have landed.
func (t *tx) markPlaced(marks ...lockstep.Mark) {
	t.markAs(marks, func(lockstep.Key) string { return "" })
}

func (t *tx) markAs(marks []lockstep.Mark, customerOf func(lockstep.Key) string) {
	var rows [][]any
	soon := t.now() + haste.Milliseconds()
	for _, m := range merge(marks) {
		at := t.now() + max(m.Delay, 0).Milliseconds()
		rows = append(rows, []any{m.Key.String(), int64(m.Scope), int64(m.Priority), t.now(), at, soon,
			int64(bit(m.Gathers)), customerOf(m.Key), int64(bit(m.Eager))})
	}
	t.batch(UpsertMark, rows)
}

// customerOf returns the customer of a customer's key, whose marks land on its account; empty for others.
func customerOf(key lockstep.Key) string {
	if key.Kind == lockstep.KeyCustomer {
		return key.ID
	}
	return ""
}

// merge combines the marks of the same key and sorts them by key.
func merge(marks []lockstep.Mark) []lockstep.Mark {
	if len(marks) < 2 {
		return marks
	}
	byKey := make(map[lockstep.Key]lockstep.Mark, len(marks))
	for _, m := range marks {
		if other, has := byKey[m.Key]; has {
			m.Scope |= other.Scope
			m.Priority = min(m.Priority, other.Priority)
			m.Delay = min(m.Delay, other.Delay)
			m.Gathers = m.Gathers && other.Gathers
			m.Eager = m.Eager || other.Eager
		}
		byKey[m.Key] = m
	}
	return slices.SortedFunc(maps.Values(byKey), func(a, b lockstep.Mark) int {
		return strings.Compare(a.Key.String(), b.Key.String())
	})
}

// land returns the key on which a mark of key lands: the account of a linked customer.
func (t *tx) land(ctx context.Context, key lockstep.Key) (lockstep.Key, error) {
	if key.Kind != lockstep.KeyCustomer {
		return key, nil
	}
	if account, err := t.linked(ctx, key.ID); !errors.Is(err, lockstep.ErrNotFound) {
		return account.Key(), err
	}
	return key, nil
}

// linked returns the account that a customer is, or was, linked to.
func (t *tx) linked(ctx context.Context, customerID string) (lockstep.Account, error) {
	account, err := collectOne(ctx, t, scanAccount, selectLinked, customerID)
	if err != nil {
		return lockstep.Account{}, fmt.Errorf("account of customer %s: %w", customerID, err)
	}
	return account, nil
}

func scanAccount(row sqlrun.Scanner) (a lockstep.Account, err error) {
	err = row.Scan(&a.Kind, &a.ID)
	return a, err
}
