package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	upsertAssignment Statement = `
insert into assignments (key, kind, id, created_at) values ($1, $2, $3, $4)
on conflict (key) do update set kind = excluded.kind, id = excluded.id, created_at = excluded.created_at`

	selectAssignment Statement = `select kind, coalesce((
	select successor from successions s where s.kind = assignments.kind and s.id = assignments.id and s.done_at > 0), id)
from assignments where key = $1`

	selectLicenseOwner Statement = `select account_kind, account_id from licenses where id = $1`
)

// Assign implements [lockstep.Assignments].
func (s *Store) Assign(ctx context.Context, key lockstep.Key, account lockstep.Account) error {
	err := s.write(ctx, func(t *tx) error {
		owner, err := t.belongs(ctx, key)
		switch {
		case err == nil && owner != account:
			return lockstep.ErrLinked
		case err != nil && !errors.Is(err, lockstep.ErrNotFound):
			return err
		}
		if key.Kind == lockstep.KeyCustomer && err == nil {
			t.changed(account)
			t.queue(proveFurther, key.ID)
		}
		t.assign(key, account)
		t.mark(lockstep.Mark{Key: key, Scope: lockstep.ScopeAll, Priority: lockstep.Interactive})
		return nil
	})
	if err != nil {
		return fmt.Errorf("assign %s to %s: %w", key, account, err)
	}
	return nil
}

// assign stores an operator's decision. An account without an id means that the operator took
// the object from its account.
func (t *tx) assign(key lockstep.Key, account lockstep.Account) {
	t.queue(upsertAssignment, key.String(), account.Kind, account.ID, t.now())
}

// belongs returns the account that a customer or payment belongs to, or ErrNotFound.
func (t *tx) belongs(ctx context.Context, key lockstep.Key) (lockstep.Account, error) {
	if key.Kind == lockstep.KeyCustomer {
		return t.linked(ctx, key.ID)
	}
	return collectOne(ctx, t, scanAccount, selectLicenseOwner, key.ID)
}

// AssignmentOf implements [lockstep.Assignments].
func (s *Store) AssignmentOf(ctx context.Context, key lockstep.Key) (lockstep.Account, error) {
	account, err := one(ctx, s, scanAccount, selectAssignment, key.String())
	if err != nil {
		return lockstep.Account{}, fmt.Errorf("read assignment of %s: %w", key, err)
	}
	if account.ID == "" {
		return lockstep.Account{}, nil
	}
	return account, nil
}
