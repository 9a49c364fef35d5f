package sqlstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// ClaimDue leases up to $4 keys that are due, of priorities up to $5: the most urgent first,
	// then the oldest. The lease lasts for $2 milliseconds from $3 on. It looks at one priority
	// after the other, so it never steps over keys that are due later: every account may have one.
	// The + 0 keeps SQLite from planning the statement again for every limit, which took a third
	// of a claim. With several writers it skips rows that another writer is claiming; with a Clock
	// it reads the database's time itself, and $3 is 0.
	ClaimDue Statement = `
update work set
	lease_token = $1,
	lease_until = $3 + $2,
	attempts = attempts + 1,
	claimed_seq = (select seq from change_count where id = 1),
	claimed_generation = generation,
	claimed_scope = claimed_scope | scope,
	claimed_priority = priority,
	scope = 0, gathers = 1
where key in (
	select key from (
		select * from (
			select key, priority, due_at from work
			where generation > done_generation and priority = 0 and due_at <= $3 and $5 >= 0
			order by due_at, key limit $4 + 0)
		union all
		select * from (
			select key, priority, due_at from work
			where generation > done_generation and priority = 1 and due_at <= $3 and $5 >= 1
			order by due_at, key limit $4 + 0)
		union all
		select * from (
			select key, priority, due_at from work
			where generation > done_generation and priority = 2 and due_at <= $3 and $5 >= 2
			order by due_at, key limit $4 + 0))
	order by priority, due_at, key limit $4 + 0)
returning key, claimed_scope, claimed_priority, generation, attempts, run_at, lease_until`

	// selectNextDue looks at one priority after the other, up to $1.
	selectNextDue Statement = `
select due_at from (
	select due_at from work where generation > done_generation and priority = 0 and $1 >= 0 order by due_at limit 1) as i
union all
select due_at from (
	select due_at from work where generation > done_generation and priority = 1 and $1 >= 1 order by due_at limit 1) as n
union all
select due_at from (
	select due_at from work where generation > done_generation and priority = 2 and $1 >= 2 order by due_at limit 1) as b`
)

// Claim implements [lockstep.Queue].
func (s *Store) Claim(ctx context.Context, request lockstep.ClaimRequest) ([]lockstep.Claim, error) {
	if request.Limit <= 0 {
		return nil, nil
	}
	// One token serves all keys of a request: nobody looks for a token without its key.
	token := rand.Text()
	var rows []due
	err := s.writeEarly(ctx, func(t *tx) (err error) {
		t.later = true
		claimed := ask(ctx, t, scanDue, ClaimDue, token, request.Lease.Milliseconds(), t.at,
			min(request.Limit, stepRows), request.MaxPriority)
		if err := t.commit(ctx); err != nil {
			return err
		}
		rows, err = claimed()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim work: %w", err)
	}
	slices.SortFunc(rows, func(a, b due) int { // returning has no order
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.runAt, b.runAt),
			cmp.Compare(a.Key.String(), b.Key.String()))
	})
	var claims []lockstep.Claim
	for _, d := range rows {
		d.Token = token
		claims = append(claims, d.Claim)
	}
	return claims, nil
}

// due is a claim with the time that orders it.
type due struct {
	lockstep.Claim
	runAt int64
}

func scanDue(row sqlrun.Scanner) (d due, err error) {
	var key string
	var until int64
	if err = row.Scan(&key, &d.Scope, &d.Priority, &d.Generation, &d.Attempt, &d.runAt, &until); err != nil {
		return d, err
	}
	d.LeaseUntil = moment(until)
	d.Key, err = lockstep.ParseKey(key)
	return d, err
}

// NextDue implements [lockstep.Queue].
func (s *Store) NextDue(ctx context.Context, maxPriority lockstep.Priority) (time.Time, bool, error) {
	due, err := all(ctx, s, scanNumber, selectNextDue, maxPriority)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read when work is due: %w", err)
	}
	if len(due) == 0 {
		return time.Time{}, false, nil
	}
	return moment(slices.Min(due)), true, nil
}
