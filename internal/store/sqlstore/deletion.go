package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	consultBrake Statement = `update brake set consulted = consulted + 1 where id = 1`

	selectBrake Statement = `select since from brake where id = 1`

	releaseBrake Statement = `update brake set since = $1 where id = 1`

	countBegun Statement = `select count(*) from accounts where deletion = 'begun' and deletion <> '' and deletion_at > $1`

	selectHeld Statement = `select exists (select 1 from accounts where deletion = 'held' and deletion <> '')`

	countLinked Statement = `select count(*) from (select 1 from accounts where customer_id > '' limit $1 + 0) as linked`

	updateDeletion Statement = `update accounts set deletion = $3, deletion_at = $4 where kind = $1 and id = $2`

	selectDeletions Statement = `
select kind, id, deletion, deletion_at from accounts where deletion = $1 and deletion <> ''
	and deletion_refused = 0 and deletion_at <= $3
order by deletion_at, kind, id limit $2 + 0`

	selectRefused Statement = `
select kind, id, 'refused', deletion_at from accounts where deletion_refused = 1 and deletion_refused <> 0
order by deletion_at, kind, id limit $1 + 0`
)

// BeginDeletion implements [lockstep.Deletions].
func (s *Store) BeginDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
	brake lockstep.Brake) (state lockstep.DeletionState, tripped bool, err error) {
	err = s.fenced(ctx, claim, func(t *tx) error {
		t.queue(consultBrake)
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
		t.queue(updateDeletion, account.Kind, account.ID, state, t.now())
		return nil
	})
	if err != nil {
		return "", false, fmt.Errorf("begin deletion of %s: %w", account, err)
	}
	return state, tripped, nil
}

// brake decides whether one more deletion begins or is held.
func (t *tx) brake(ctx context.Context, b lockstep.Brake) (state lockstep.DeletionState, tripped bool, err error) {
	isHeld, isSince := askOne(ctx, t, scanBool, selectHeld), askOne(ctx, t, scanNumber, selectBrake)
	countedLinked := askOne(ctx, t, scanNumber, countLinked, b.Counted())
	held, err := isHeld()
	if err != nil {
		return "", false, err
	}
	if held {
		return lockstep.DeletionHeld, false, nil
	}
	since, err := isSince()
	if err != nil {
		return "", false, err
	}
	linked, err := countedLinked()
	if err != nil {
		return "", false, err
	}
	begun, err := collectOne(ctx, t, scanNumber, countBegun, max(since, t.now()-b.Window.Milliseconds()))
	if err != nil {
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
		t.queue(updateDeletion, account.Kind, account.ID, "", 0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget deletion of %s: %w", account, err)
	}
	return nil
}

// DeletionsIn implements [lockstep.Deletions].
func (s *Store) DeletionsIn(ctx context.Context, state lockstep.DeletionState, limit int) ([]lockstep.Deletion, error) {
	statement, args := selectDeletions, []any{state, limit, int64(math.MaxInt64)}
	if state == lockstep.DeletionRefused {
		statement, args = selectRefused, []any{limit}
	}
	found, err := all(ctx, s, scanDeletion, statement, args...)
	return wrap(found, err, "list %s deletions", state)
}

func scanDeletion(row sqlrun.Scanner) (d lockstep.Deletion, err error) {
	var at int64
	err = row.Scan(&d.Account.Kind, &d.Account.ID, &d.State, &at)
	d.At = moment(at)
	return d, err
}

// DecideDeletions implements [lockstep.Deletions]. The last step resets the brake's count.
// Deletions that become held while the steps run stay held: the operator has not seen them.
func (s *Store) DecideDeletions(ctx context.Context, decision lockstep.DeletionState,
	accounts []lockstep.Account) (decided []lockstep.Account, err error) {
	if accounts == nil {
		decided, err = s.decideHeld(ctx, decision)
	} else {
		decided, err = s.decideNamed(ctx, decision, accounts)
	}
	if err != nil { // some steps may be committed
		return decided, fmt.Errorf("decide deletions: %w", err)
	}
	return decided, nil
}

// decideHeld decides all deletions that are held when it starts.
func (s *Store) decideHeld(ctx context.Context, decision lockstep.DeletionState) (
	decided []lockstep.Account, err error) {
	most, until := s.step(3), int64(0)
	for {
		var some []lockstep.Account
		err := s.write(ctx, func(t *tx) error {
			t.queue(consultBrake)
			if until == 0 {
				until = t.now()
			}
			held, err := collect(ctx, t, scanDeletion, selectDeletions, lockstep.DeletionHeld, most, until)
			if err != nil {
				return err
			}
			some = nil
			for _, d := range held {
				some = append(some, d.Account)
			}
			t.decide(decision, some, len(held) < most)
			return nil
		})
		if err != nil {
			return decided, err
		}
		decided = append(decided, some...)
		if len(some) < most {
			return decided, nil
		}
	}
}

// decideNamed decides the deletions of the given accounts, all or none. A call of several steps
// skips accounts that have this decision already: an earlier call that failed halfway decided them.
func (s *Store) decideNamed(ctx context.Context, decision lockstep.DeletionState,
	accounts []lockstep.Account) (decided []lockstep.Account, err error) {
	steps := slices.Collect(slices.Chunk(accounts, s.step(3)))
	for _, some := range steps {
		if len(steps) == 1 {
			break
		}
		if err := s.read(ctx, func(t *tx) error {
			_, err := t.undecided(ctx, decision, some, true)
			return err
		}); err != nil {
			return nil, err
		}
	}
	for i, some := range steps {
		var now []lockstep.Account
		err := s.write(ctx, func(t *tx) (err error) {
			t.queue(consultBrake)
			if now, err = t.undecided(ctx, decision, some, len(steps) > 1); err != nil {
				return err
			}
			t.decide(decision, now, i == len(steps)-1)
			return nil
		})
		if err != nil {
			return decided, err
		}
		decided = append(decided, now...)
	}
	return decided, nil
}

// undecided returns the accounts that still need this decision. It returns ErrNotFound if one of
// them has no deletion to decide. A resumed call skips accounts that have the decision already.
func (t *tx) undecided(ctx context.Context, decision lockstep.DeletionState, accounts []lockstep.Account,
	resumed bool) (waiting []lockstep.Account, err error) {
	for _, a := range accounts {
		record, err := t.account(ctx, a)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		_, refused := record.Problem(lockstep.StepDeletion)
		switch {
		case record.Deletion.Waits(), refused && decision == lockstep.DeletionApproved:
			waiting = append(waiting, a)
		case !resumed || record.Deletion != decision:
			return nil, fmt.Errorf("%s: no deletion of it waits for a decision: %w", a, lockstep.ErrNotFound)
		}
	}
	return waiting, nil
}

// decide writes a decision and marks the accounts; the last step also resets the brake's count.
func (t *tx) decide(decision lockstep.DeletionState, accounts []lockstep.Account, last bool) {
	var marks []lockstep.Mark
	for _, a := range accounts {
		t.changed(a)
		t.queue(updateDeletion, a.Kind, a.ID, decision, t.now())
		marks = append(marks, lockstep.Mark{Key: a.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeDeleted,
			Priority: lockstep.Normal})
	}
	t.mark(marks...)
	if last {
		t.queue(releaseBrake, t.now())
	}
}
