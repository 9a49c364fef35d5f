package sqlstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// ClaimDue leases the keys of one priority ($5, not above $6) that are due, the oldest first.
	// The + 0 keeps SQLite from planning the statement anew for every limit, which
	// took a third of a claim.
	// The lease is for $2 milliseconds from $3 on. A database with several writers skips the rows
	// that another is claiming, and see Priorities of [Dialect].
	ClaimDue Statement = `
update work set
	lease_token = $1,
	lease_until = $3 + $2,
	attempts = attempts + 1,
	claimed_seq = (select seq from change_count where id = 1),
	claimed_generation = generation,
	claimed_scope = claimed_scope | scope,
	claimed_priority = priority,
	scope = 0
where key in (
	select key from work
	where generation > done_generation and priority = $5 and $5 <= $6 and due_at <= $3
	order by due_at, key limit $4 + 0)
returning key, claimed_scope, claimed_priority, generation, attempts, run_at, lease_until`

	selectNextDue Statement = `
select due_at from work
where generation > done_generation and priority = $1
order by due_at limit 1`
)

// Claim implements [lockstep.Queue].
func (s *Store) Claim(ctx context.Context, request lockstep.ClaimRequest) ([]lockstep.Claim, error) {
	if request.Limit <= 0 {
		return nil, nil
	}
	request.Limit = min(request.Limit, stepRows)
	var claims []lockstep.Claim
	err := s.early(ctx, func(t *tx) error {
		// One priority after the other, so that keys that are due later are never
		// stepped over: there may be one for every account.
		if !t.pool.dialect.Priorities {
			if err := t.readClock(); err != nil {
				return err
			}
		}
		claims = nil
		for p := lockstep.Interactive; p <= request.MaxPriority && len(claims) < request.Limit; p++ {
			most, within := p, ctx
			if t.pool.dialect.Priorities {
				most, within = request.MaxPriority, t.last(ctx)
			}
			due, err := t.claimDue(within, p, most, request.Limit-len(claims), request.Lease)
			if err != nil {
				return err
			}
			claims, p = append(claims, due...), most
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim work: %w", err)
	}
	return claims, nil
}

// due is a claim with what it is ordered by.
type due struct {
	lockstep.Claim
	runAt int64
}

func (t *tx) claimDue(ctx context.Context, p, most lockstep.Priority, limit int,
	lease time.Duration) ([]lockstep.Claim, error) {
	// One token serves all keys of a claim: it is only ever looked for together
	// with its key.
	token := rand.Text()
	rows, err := collect(ctx, t, scanDue, ClaimDue, token, lease.Milliseconds(), t.at, limit, p, most)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b due) int { // returning has no order
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.runAt, b.runAt),
			cmp.Compare(a.Key.String(), b.Key.String()))
	})
	claims := make([]lockstep.Claim, len(rows))
	for i, d := range rows {
		d.Token = token
		claims[i] = d.Claim
	}
	return claims, nil
}

func scanDue(row scanner) (d due, err error) {
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
	var earliest int64
	pending := false
	err := s.read(ctx, func(t *tx) error {
		var answers []func() ([]int64, error)
		for p := lockstep.Interactive; p <= maxPriority; p++ {
			within := ctx
			if p == maxPriority {
				within = t.last(ctx)
			}
			answers = append(answers, ask(within, t, scanNumber, selectNextDue, p))
		}
		for _, due := range answers {
			at, err := only(due())
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			if !pending || at < earliest {
				pending, earliest = true, at
			}
		}
		return nil
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read when work is due: %w", err)
	}
	return moment(earliest), pending, nil
}
