package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	consultBrake Statement = `update brake set consulted = consulted + 1 where id = 1`

	selectBrake Statement = `select since from brake where id = 1`

	releaseBrake Statement = `update brake set since = $1 where id = 1`

	countBegun Statement = `select count(*) from accounts where deletion = 'begun' and deletion <> '' and deletion_at > $1`

	selectHeld Statement = `select exists (select 1 from accounts where deletion = 'held' and deletion <> '')`

	countLinked Statement = `select count(*) from (select 1 from accounts where customer_id > '' limit $1) as linked`

	updateDeletion Statement = `update accounts set deletion = $3, deletion_at = $4 where kind = $1 and id = $2`

	selectDeletions Statement = `
select kind, id, deletion, deletion_at from accounts where deletion = $1 and deletion <> '' and deletion_refused = 0
order by deletion_at, kind, id limit $2`

	selectRefused Statement = `
select kind, id, 'refused', deletion_at from accounts where deletion_refused = 1 and deletion_refused <> 0
order by deletion_at, kind, id limit $1`

	tallyDeletions Statement = `select deletion, count(*) from accounts where deletion <> '' and deletion_refused = 0 group by deletion`

	countRefused Statement = `select 'refused', count(*) from accounts where deletion_refused = 1 and deletion_refused <> 0`
)

// BeginDeletion implements [lockstep.Deletions].
func (s *Store) BeginDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account, brake lockstep.Brake) (state lockstep.DeletionState, tripped bool, err error) {
	err = s.fenced(ctx, claim, func(t *tx) error {
		if err := t.later(ctx, consultBrake); err != nil {
			return err
		}
		record, err := t.account(ctx, account)
		if err != nil {
			return err
		}
		if state = record.Deletion; state != "" {
			return nil
		}
		state, tripped, err = t.brake(ctx, brake.WithDefaults())
		if err != nil {
			return err
		}
		t.changed(account)
		return t.later(ctx, updateDeletion, account.Kind, account.ID, state, t.now())
	})
	if err != nil {
		return "", false, fmt.Errorf("begin deletion of %s: %w", account, err)
	}
	return state, tripped, nil
}

// brake says what becomes of one more deletion.
func (t *tx) brake(ctx context.Context, b lockstep.Brake) (state lockstep.DeletionState, tripped bool, err error) {
	var held bool
	var since, begun, linked int64
	if err := t.row(ctx, selectHeld).Scan(&held); err != nil {
		return "", false, err
	}
	if held {
		return lockstep.DeletionHeld, false, nil
	}
	if err := t.row(ctx, selectBrake).Scan(&since); err != nil {
		return "", false, err
	}
	if err := t.row(ctx, countBegun, max(since, t.now()-b.Window.Milliseconds())).Scan(&begun); err != nil {
		return "", false, err
	}
	if err := t.row(ctx, countLinked, b.Counted()).Scan(&linked); err != nil {
		return "", false, err
	}
	if begun >= int64(b.Allowed(int(linked))) {
		return lockstep.DeletionHeld, true, nil
	}
	return lockstep.DeletionBegun, false, nil
}

// ForgetDeletion implements [lockstep.Deletions].
func (s *Store) ForgetDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account) error {
	err := s.fenced(ctx, claim, func(t *tx) error {
		t.changed(account)
		return t.later(ctx, updateDeletion, account.Kind, account.ID, "", 0)
	})
	if err != nil {
		return fmt.Errorf("forget deletion of %s: %w", account, err)
	}
	return nil
}

// DeletionsIn implements [lockstep.Deletions].
func (s *Store) DeletionsIn(ctx context.Context, state lockstep.DeletionState, limit int) ([]lockstep.Deletion, error) {
	statement, args := selectDeletions, []any{state, limit}
	if state == lockstep.DeletionRefused {
		statement, args = selectRefused, []any{limit}
	}
	found, err := all(ctx, s, scanDeletion, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("list deletions that are %s: %w", state, err)
	}
	return found, nil
}

func scanDeletion(row scanner) (d lockstep.Deletion, err error) {
	var at int64
	err = row.Scan(&d.Account.Kind, &d.Account.ID, &d.State, &at)
	d.At = moment(at)
	return d, err
}

// DeletionTally implements [lockstep.Deletions].
func (s *Store) DeletionTally(ctx context.Context) (map[lockstep.DeletionState]int64, error) {
	counts, err := all(ctx, s, scanCount, tallyDeletions)
	if err != nil {
		return nil, fmt.Errorf("count deletions: %w", err)
	}
	refused, err := one(ctx, s, scanCount, countRefused)
	if err != nil {
		return nil, fmt.Errorf("count refused deletions: %w", err)
	}
	tally := map[lockstep.DeletionState]int64{}
	if refused.events > 0 {
		tally[lockstep.DeletionRefused] = refused.events
	}
	for _, c := range counts {
		tally[lockstep.DeletionState(c.status)] = c.events
	}
	return tally, nil
}

// everyHeld is how many deletions are decided in one transaction.
const everyHeld = 1_000_000

// DecideDeletions implements [lockstep.Deletions].
func (s *Store) DecideDeletions(ctx context.Context, decision lockstep.DeletionState, accounts []lockstep.Account) (decided []lockstep.Account, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.later(ctx, consultBrake); err != nil {
			return err
		}
		decided = nil
		if accounts == nil {
			held, err := collect(ctx, t, scanDeletion, selectDeletions, lockstep.DeletionHeld, everyHeld)
			if err != nil {
				return err
			}
			for _, d := range held {
				decided = append(decided, d.Account)
			}
		}
		for _, a := range accounts {
			record, err := t.account(ctx, a)
			if err != nil {
				return fmt.Errorf("%s: %w", a, err)
			}
			_, refused := record.Problem(lockstep.StepDeletion)
			if !record.Deletion.Waits() && (!refused || decision != lockstep.DeletionApproved) {
				return fmt.Errorf("%s: its deletion does not wait for a decision: %w", a, lockstep.ErrNotFound)
			}
			decided = append(decided, a)
		}
		for _, a := range decided {
			t.changed(a)
			if err := t.later(ctx, updateDeletion, a.Kind, a.ID, decision, t.now()); err != nil {
				return err
			}
			mark := lockstep.Mark{Key: a.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeDeleted, Priority: lockstep.Normal}
			if err := t.markRouted(ctx, mark); err != nil {
				return err
			}
		}
		return t.later(ctx, releaseBrake, t.now())
	})
	if err != nil {
		return nil, fmt.Errorf("decide deletions: %w", err)
	}
	return decided, nil
}
