package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	updateLink Statement = `
update accounts set customer_id = $3, customer_email = '', customer_name = '', customer_deleted = 0,
	updated_at = $4
where kind = $1 and id = $2`

	insertFormer Statement = `
insert into former_customers (customer_id, kind, id) values ($1, $2, $3) on conflict (customer_id) do nothing`

	deleteFormer Statement = `delete from former_customers where customer_id = $1`
)

// Link implements [lockstep.Ledger]. A customer that Stripe says is deleted gives
// way to another, as in Save. To link what is linked already marks the account.
func (s *Store) Link(ctx context.Context, claim lockstep.Claim, identity lockstep.Identity, customerID string) error {
	err := s.fencedAccount(ctx, claim, identity.Account, func(t *tx, stored lockstep.Record, err error) error {
		if errors.Is(err, lockstep.ErrNotFound) {
			err = t.createAccount(ctx, identity, acceptedGeneration)
		}
		if err != nil {
			return err
		}
		return t.link(ctx, stored, identity.Account, customerID)
	})
	if err != nil {
		return fmt.Errorf("link customer %s to %s: %w", customerID, identity.Account, err)
	}
	return nil
}

func (t *tx) link(ctx context.Context, stored lockstep.Record, account lockstep.Account, customerID string) error {
	t.changed(account)
	if stored.CustomerID != customerID {
		// A creation under way would make a second customer beside this one.
		if stored.Intent != nil {
			return lockstep.ErrBusy
		}
		if err := t.relink(ctx, account, stored, customerID); err != nil {
			return err
		}
		t.announce(account, customerID)
	}
	return t.inherit(ctx, account, customerID, lockstep.ScopeAll)
}

// relink gives an account a customer. What was linked stays known as a former one.
func (t *tx) relink(ctx context.Context, account lockstep.Account, stored lockstep.Record, customerID string) error {
	if customerID == "" || (stored.CustomerID != "" && !stored.CustomerDeleted) {
		return fmt.Errorf("account has customer %s: %w", stored.CustomerID, lockstep.ErrLinked)
	}
	switch owner, err := t.linked(ctx, customerID); {
	case err == nil && owner != account:
		return fmt.Errorf("customer %s belongs to %s: %w", customerID, owner, lockstep.ErrLinked)
	case err != nil && !errors.Is(err, lockstep.ErrNotFound):
		return err
	}
	if err := t.later(ctx, deleteFormer, customerID); err != nil {
		return err
	}
	if stored.CustomerID != "" {
		if err := t.later(ctx, insertFormer, stored.CustomerID, account.Kind, account.ID); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, updateLink, account.Kind, account.ID, customerID, t.now())
	if t.pool.dialect.conflict(err) {
		return fmt.Errorf("customer %s was linked meanwhile: %w", customerID, lockstep.ErrLinked)
	}
	return err
}

// announceLink tells those who wait that an account's own run gave it a customer.
// The run knows of the customer, so the account is marked only if there is
// anything to take over.
func (t *tx) announceLink(ctx context.Context, account lockstep.Account, customerID string) error {
	scope, inherits, err := t.inherits(ctx, customerID)
	if err != nil {
		return err
	}
	t.announce(account, customerID)
	if !inherits {
		return nil
	}
	return t.inherit(ctx, account, customerID, scope)
}
