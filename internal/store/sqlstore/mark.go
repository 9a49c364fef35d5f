package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// haste is how long an interactive mark waits at most for a key that is in backoff.
const haste = 5 * time.Second

const (
	// UpsertMark marks a key: $4 is the time, $5 when the mark wants a run, $6 the latest time
	// at which an interactive mark gets its run during backoff, $7 whether it gathers. The cases
	// of priority and run_at, in this order: nothing was pending, or a run is in progress and this
	// is the first mark since its claim, so the columns hold the run's values; the key is in
	// backoff (run_at only); something was pending already.
	//
	// A mark that adds nothing to what no run has taken yet only locks the row. That happens for
	// all but the first event of a checkout. The lock makes the next run start after this
	// transaction, so it sees this event.
	UpsertMark Statement = `
insert into work (key, scope, priority, generation, run_at, gathers)
values ($1, $2, $3, 1, $5, $7)
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
			then max(excluded.run_at, work.quiet_until * excluded.gathers)
		when work.lease_until <= $4 and work.disposition = 'retry' then
			case when excluded.priority = 0 and $6 < work.run_at then $6 else work.run_at end
		else min(work.run_at, max(excluded.run_at, work.quiet_until * excluded.gathers)) end
where work.generation = work.done_generation or work.generation = work.claimed_generation
	or work.scope <> work.scope | excluded.scope or excluded.priority < work.priority
	or work.lease_until > $4 and excluded.gathers < work.gathers
	or case when work.lease_until <= $4 and work.disposition = 'retry' then excluded.priority = 0 and $6 < work.run_at
		else max(excluded.run_at, work.quiet_until * excluded.gathers) < work.run_at end`

	// SelectLinked finds the account that a customer is, or was, linked to, and whether it has access.
	SelectLinked Statement = `
select customer_id, kind, id, entitled_by <> '' from accounts where customer_id = $1
union all
select f.customer_id, f.kind, f.id, a.entitled_by <> ''
from former_customers f join accounts a on a.kind = f.kind and a.id = f.id where f.customer_id = $1
limit 1`
)

// Mark implements [lockstep.Queue].
func (s *Store) Mark(ctx context.Context, marks ...lockstep.Mark) error {
	for some := range slices.Chunk(marks, s.step(1)) {
		if err := s.write(ctx, func(t *tx) error { return t.mark(ctx, some) }); err != nil {
			return fmt.Errorf("mark %d keys: %w", len(marks), err)
		}
	}
	return nil
}

// mark marks each key, or the account on which the mark lands.
func (t *tx) mark(ctx context.Context, marks []lockstep.Mark) error {
	keys := make([]lockstep.Key, len(marks))
	for i, m := range marks {
		keys[i] = m.Key
	}
	linked, err := t.links(ctx, keys)()
	if err != nil {
		return err
	}
	routed := slices.Clone(marks)
	for i := range routed {
		routed[i] = linked.route(routed[i])
	}
	t.markRouted(routed...)
	return nil
}

// markRouted marks keys that are not linked customers: each key once, and in the order of the
// keys, so that two writers cannot deadlock.
func (t *tx) markRouted(marks ...lockstep.Mark) {
	var rows [][]any
	soon := t.now() + haste.Milliseconds()
	for _, m := range merge(marks) {
		at := t.now() + max(m.Delay, 0).Milliseconds()
		rows = append(rows, []any{m.Key.String(), int64(m.Scope), int64(m.Priority), t.now(), at, soon,
			int64(bit(m.Gathers))})
	}
	t.batch(UpsertMark, rows)
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
		}
		byKey[m.Key] = m
	}
	return slices.SortedFunc(maps.Values(byKey), func(a, b lockstep.Mark) int {
		return strings.Compare(a.Key.String(), b.Key.String())
	})
}

// land returns the key on which a mark of key lands: the account of a linked customer.
func (t *tx) land(ctx context.Context, key lockstep.Key) (lockstep.Key, error) {
	linked, err := t.links(ctx, []lockstep.Key{key})()
	return linked.land(key), err
}

// links maps customers to their accounts.
type links map[string]linkage

// links asks for the accounts of the customers among keys.
func (t *tx) links(ctx context.Context, keys []lockstep.Key) func() (links, error) {
	var rows [][]any
	asked := map[string]bool{}
	for _, key := range keys {
		if key.Kind == lockstep.KeyCustomer && !asked[key.ID] {
			asked[key.ID] = true
			rows = append(rows, []any{key.ID})
		}
	}
	answer := askEach(ctx, t, scanLinked, SelectLinked, rows)
	return func() (links, error) {
		found, err := answer()
		if err != nil {
			return nil, fmt.Errorf("read links: %w", err)
		}
		accounts := make(links, len(found))
		for _, l := range found {
			accounts[l.customerID] = l
		}
		return accounts, nil
	}
}

// land returns the key on which a mark of key lands.
func (l links) land(key lockstep.Key) lockstep.Key {
	if to, linked := l[key.ID]; linked && key.Kind == lockstep.KeyCustomer {
		return to.account.Key()
	}
	return key
}

// route returns a mark as it lands.
func (l links) route(m lockstep.Mark) lockstep.Mark {
	landed := l.land(m.Key)
	if m.Eager && landed != m.Key && !l[m.Key.ID].entitled {
		m.Delay = 0
	}
	m.Key = landed
	return m
}

// linked returns the account that a customer is, or was, linked to.
func (t *tx) linked(ctx context.Context, customerID string) (lockstep.Account, error) {
	l, err := collectOne(ctx, t, scanLinked, SelectLinked, customerID)
	return wrap(l.account, err, "account of customer %s", customerID)
}

// linkage is a customer with its account.
type linkage struct {
	customerID string
	account    lockstep.Account
	entitled   bool // the account has access
}

func scanLinked(row Scanner) (l linkage, err error) {
	err = row.Scan(&l.customerID, &l.account.Kind, &l.account.ID, &l.entitled)
	return l, err
}

func scanAccount(row Scanner) (a lockstep.Account, err error) {
	err = row.Scan(&a.Kind, &a.ID)
	return a, err
}
