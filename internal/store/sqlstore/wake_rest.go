package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// takeWaits deletes some waits for a key, so that the next step finds others.
const takeWaits Statement = `
delete from work_waits
where waits_for = $1 and key in (select key from work_waits where waits_for = $1 order by key limit $2 + 0)
returning key`

// Wake implements [lockstep.Queue]. It deletes the waits of the keys that it marks. They are pending
// from then on, and if their run parks them, it stores their waits again.
func (s *Store) Wake(ctx context.Context, claim lockstep.Claim) (more bool, err error) {
	target, err := lockstep.ParseKey(claim.Key.ID)
	if err != nil {
		return false, fmt.Errorf("wake: %w", lockstep.Terminal(err))
	}
	err = s.fenced(ctx, claim, func(t *tx) error {
		landed, err := t.land(ctx, target)
		if err != nil {
			return err
		}
		account, moves := landed.Account()
		if landed == target {
			if account, moves, err = t.heir(ctx, target); err != nil {
				return err
			}
		}
		if moves {
			if more, err = t.moveSome(ctx, account, target); more || err != nil {
				return err
			}
		}
		keys, err := collect(ctx, t, scanKey, takeWaits, target.String(), t.dialect.step(2))
		if err != nil {
			return err
		}
		more = len(keys) == t.dialect.step(2)
		t.mark(marksOf(keys)...)
		return nil
	})
	return wrap(more, err, "wake what waits for %s", target)
}

// moveSome marks an account and moves open events of its customer, or of a former account, there. It
// reports whether there may be more.
func (t *tx) moveSome(ctx context.Context, account lockstep.Account, from lockstep.Key) (more bool, err error) {
	t.mark(lockstep.Mark{Key: account.Key(), Scope: lockstep.ScopeAll,
		Priority: lockstep.Normal})
	return t.moveEvents(ctx, account, from.String())
}

// wakeRest leaves the keys that wait for key to a run of [Store.Wake].
func (t *tx) wakeRest(key lockstep.Key) {
	t.mark(lockstep.Mark{Key: key.Wake(), Priority: lockstep.Normal})
}

// marksOf returns marks that start runs of parked keys.
func marksOf(keys []lockstep.Key) (marks []lockstep.Mark) {
	for _, key := range keys {
		marks = append(marks, lockstep.Mark{Key: key, Scope: lockstep.ScopeAll, Priority: lockstep.Normal})
	}
	return marks
}
