package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// haste is how long an interactive mark waits at most for a key in backoff.
const haste = 5 * time.Second

const (
	// upsertMark: $4 is the moment, $5 when the mark wants a run, $6 when an
	// interactive one gets it in backoff at the latest. The cases of priority and run_at are,
	// in this order: nothing was pending; a run is under way and this is the first
	// mark since its claim, so that what stands there is the run's; the key is in
	// backoff (run_at only); something was pending already.
	upsertMark Statement = `
insert into work (key, scope, priority, generation, run_at)
values ($1, $2, $3, 1, $5)
on conflict (key) do update set
	generation = work.generation + 1,
	scope = work.scope | excluded.scope,
	attempts = case when work.generation = work.done_generation then 0 else work.attempts end,
	priority = case
		when work.generation = work.done_generation then excluded.priority
		when work.lease_until > $4 and work.generation = work.claimed_generation then excluded.priority
		when excluded.priority < work.priority then excluded.priority
		else work.priority end,
	run_at = case
		when work.generation = work.done_generation then excluded.run_at
		when work.lease_until > $4 and work.generation = work.claimed_generation then excluded.run_at
		when work.lease_until <= $4 and work.disposition = 'retry' then
			case when excluded.priority = 0 and $6 < work.run_at then $6 else work.run_at end
		when excluded.run_at < work.run_at then excluded.run_at
		else work.run_at end
returning generation`

	selectLinked Statement = `
select kind, id from accounts where customer_id = $1
union all
select kind, id from former_customers where customer_id = $1
limit 1`
)

// Mark implements [lockstep.Queue].
func (s *Store) Mark(ctx context.Context, marks ...lockstep.Mark) error {
	if len(marks) == 0 {
		return nil
	}
	err := s.write(ctx, func(t *tx) error { return t.mark(ctx, marks) })
	if err != nil {
		return fmt.Errorf("mark %d keys: %w", len(marks), err)
	}
	return nil
}

// mark marks each key, or the account on which it lands.
func (t *tx) mark(ctx context.Context, marks []lockstep.Mark) error {
	routed := slices.Clone(marks)
	for i := range routed {
		key, err := t.land(ctx, routed[i].Key)
		if err != nil {
			return err
		}
		routed[i].Key = key
	}
	return t.markRouted(ctx, routed)
}

// markRouted marks keys that are where they land already: each once, and in the
// order of the keys, so that two writers cannot wait for each other.
func (t *tx) markRouted(ctx context.Context, marks []lockstep.Mark) error {
	for _, m := range merge(marks) {
		if _, err := t.markOne(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// markOne returns the generation that the mark made.
func (t *tx) markOne(ctx context.Context, m lockstep.Mark) (generation int64, err error) {
	at := t.now + max(m.Delay, 0).Milliseconds()
	soon := t.now + haste.Milliseconds()
	err = t.row(ctx, upsertMark, m.Key.String(), m.Scope, m.Priority, t.now, at, soon).Scan(&generation)
	if err != nil {
		return 0, fmt.Errorf("mark %s: %w", m.Key, err)
	}
	return generation, nil
}

// merge makes one mark of those of the same key.
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
		}
		byKey[m.Key] = m
	}
	merged := make([]lockstep.Mark, 0, len(byKey))
	for _, m := range byKey {
		merged = append(merged, m)
	}
	slices.SortFunc(merged, func(a, b lockstep.Mark) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return merged
}

// land returns the key on which a mark of key lands: a linked customer's account.
func (t *tx) land(ctx context.Context, key lockstep.Key) (lockstep.Key, error) {
	if key.Kind != lockstep.KeyCustomer {
		return key, nil
	}
	account, err := t.linked(ctx, key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return key, nil
	}
	return account.Key(), err
}

// linked returns the account whose customer this is, or was.
func (t *tx) linked(ctx context.Context, customerID string) (lockstep.Account, error) {
	account, err := scanAccount(t.row(ctx, selectLinked, customerID))
	if errors.Is(err, sql.ErrNoRows) {
		return lockstep.Account{}, fmt.Errorf("account of customer %s: %w", customerID, lockstep.ErrNotFound)
	}
	return account, err
}

func scanAccount(row scanner) (a lockstep.Account, err error) {
	err = row.Scan(&a.Kind, &a.ID)
	return a, err
}
