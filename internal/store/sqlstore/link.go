package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// Further customers are in the table former_customers: the table is older than the term.
const (
	updateLink Statement = `
update accounts set customer_id = $3, customer_email = '', customer_name = '', customer_deleted = 0,
	updated_at = $4
where kind = $1 and id = $2`

	insertFurther Statement = `
insert into former_customers (customer_id, kind, id, trust, deleted, linked_at) values ($1, $2, $3, $4, $5, $6)
on conflict (customer_id) do nothing`

	deleteFurther Statement = `delete from former_customers where customer_id = $1`

	proveFurther Statement = `update former_customers set trust = 'proven' where customer_id = $1`

	// updateFurther writes what a run saw of a further customer, if the account still has it. It
	// neither revives a deleted customer nor lowers trust.
	updateFurther Statement = `
update former_customers set
	deleted = case when $4 > deleted then $4 else deleted end,
	trust = case when $5 = 'proven' then 'proven' else trust end
where customer_id = $1 and kind = $2 and id = $3`

	countClaimed Statement = `
select count(*) from former_customers where kind = $1 and id = $2 and trust = 'claimed' and deleted = 0`

	// selectOver finds the claimed customer that was linked first among those whose subscriptions
	// have all ended.
	selectOver Statement = `
select customer_id from former_customers f
where f.kind = $1 and f.id = $2 and f.trust = 'claimed' and f.deleted = 0
	and exists (select 1 from subscriptions s where s.account_kind = f.kind and s.account_id = f.id
		and s.customer_id = f.customer_id)
	and not exists (select 1 from subscriptions s where s.account_kind = f.kind and s.account_id = f.id
		and s.customer_id = f.customer_id
		and s.status not in ('canceled', 'incomplete_expired'))
order by f.linked_at, f.customer_id limit 1`

	selectLink Statement = `
select customer_id, kind, id, 'proven' as trust, 1 as is_primary, customer_deleted as deleted from accounts
	where customer_id = $1
union all
select customer_id, kind, id, trust, 0, deleted from former_customers where customer_id = $1`

	selectFurther Statement = `
select customer_id, kind, id, trust, 0, deleted from former_customers where kind = $1 and id = $2
order by linked_at, customer_id`

	selectPayersOfCustomer Statement = `
select 'user', paid_by from subscriptions where account_kind = $1 and account_id = $2 and customer_id = $3
	and paid_by <> ''`

	deleteItemsOfCustomer Statement = `
delete from subscription_items where subscription_id in (
	select id from subscriptions where account_kind = $1 and account_id = $2 and customer_id = $3)`

	deleteSubscriptionsOfCustomer Statement = `
delete from subscriptions where account_kind = $1 and account_id = $2 and customer_id = $3`

	selectLease Statement = `select lease_until from work where key = $1`
)

// LinkOf implements [lockstep.Links].
func (s *Store) LinkOf(ctx context.Context, customerID string) (lockstep.Link, error) {
	link, err := one(ctx, s, scanLink, selectLink, customerID)
	return wrap(link, err, "read link of customer %s", customerID)
}

// Link implements [lockstep.Links].
func (s *Store) Link(ctx context.Context, claim lockstep.Claim, identity lockstep.Identity, customerID string,
	trust lockstep.Trust) error {
	err := s.fencedAccount(ctx, claim, identity.Account, func(t *tx, stored lockstep.Record, err error) error {
		if errors.Is(err, lockstep.ErrNotFound) {
			err = t.createAccount(ctx, identity, acceptedGeneration)
		}
		if err != nil {
			return err
		}
		return t.link(ctx, stored, identity.Account, customerID, trust)
	})
	if err != nil {
		return fmt.Errorf("link customer %s to %s: %w", customerID, identity.Account, err)
	}
	return nil
}

func (t *tx) link(ctx context.Context, stored lockstep.Record, account lockstep.Account, customerID string,
	trust lockstep.Trust) error {
	if _, err := t.join(ctx, stored, account, customerID, trust); err != nil {
		return err
	}
	return t.inherit(ctx, account, customerID, lockstep.ScopeAll)
}

// join makes a customer one of the account's, and marks nothing. It reports whether the customer had no
// link before. It returns ErrLinked, ErrCrowded or ErrBusy before it writes anything.
func (t *tx) join(ctx context.Context, stored lockstep.Record, account lockstep.Account, customerID string,
	trust lockstep.Trust) (isNew bool, err error) {
	t.changed(account)
	existing, err := t.linkTo(ctx, account, customerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		if err := t.addCustomer(ctx, stored, account, customerID, trust); err != nil {
			return false, err
		}
		t.announce(account, customerID)
		return true, nil
	}
	if err == nil && existing.Trust != lockstep.Proven && trust != lockstep.Claimed {
		t.queue(proveFurther, customerID)
	}
	return false, err
}

// addCustomer links a customer that has no account: as the primary one, if the account needs one.
func (t *tx) addCustomer(ctx context.Context, stored lockstep.Record, account lockstep.Account, customerID string,
	trust lockstep.Trust) error {
	switch {
	case trust == lockstep.Claimed:
		return t.addClaimed(ctx, account, customerID)
	case stored.Intent != nil: // a creation in progress would make a second customer beside this one
		return lockstep.ErrBusy
	case stored.Live():
		t.addFurther(account, customerID, trust, false)
		return nil
	}
	return t.relink(ctx, account, stored, customerID)
}

// linkTo returns the customer's link to the account. It returns ErrNotFound if the customer has no
// link, and ErrLinked if it is linked to another account.
func (t *tx) linkTo(ctx context.Context, account lockstep.Account, customerID string) (lockstep.Link, error) {
	link, err := collectOne(ctx, t, scanLink, selectLink, customerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return lockstep.Link{}, fmt.Errorf("customer %s: %w", customerID, lockstep.ErrNotFound)
	case err != nil:
		return lockstep.Link{}, err
	case link.Account != account:
		return lockstep.Link{}, fmt.Errorf("customer %s belongs to %s: %w", customerID, link.Account, lockstep.ErrLinked)
	}
	return link, nil
}

func (t *tx) addClaimed(ctx context.Context, account lockstep.Account, customerID string) error {
	claimed, err := collectOne(ctx, t, scanNumber, countClaimed, account.Kind, account.ID)
	if err != nil {
		return err
	}
	if claimed >= lockstep.MostClaimed {
		over, err := collectOne(ctx, t, text, selectOver, account.Kind, account.ID)
		switch {
		case errors.Is(err, lockstep.ErrNotFound):
			return fmt.Errorf("account has %d claimed customers: %w", claimed, lockstep.ErrCrowded)
		case err != nil:
			return err
		}
		if err := t.drop(ctx, account, over); err != nil {
			return err
		}
	}
	t.addFurther(account, customerID, lockstep.Claimed, false)
	return nil
}

func (t *tx) addFurther(account lockstep.Account, customerID string, trust lockstep.Trust,
	deleted bool) {
	t.queue(insertFurther, customerID, account.Kind, account.ID, trust, bit(deleted), t.now())
}

// relink makes a customer an account's primary one, for the account's own run. The previous primary
// customer becomes a further one.
func (t *tx) relink(ctx context.Context, account lockstep.Account, stored lockstep.Record, customerID string) error {
	if customerID == "" {
		return fmt.Errorf("account has customer %s: %w", stored.CustomerID, lockstep.ErrLinked)
	}
	link, err := t.linkTo(ctx, account, customerID)
	known := err == nil
	switch {
	case err != nil && !errors.Is(err, lockstep.ErrNotFound):
		return err
	case known && link.Trust != lockstep.Proven:
		return fmt.Errorf("customer %s is only claimed: %w", customerID, lockstep.ErrLinked)
	case !known && stored.Live():
		return fmt.Errorf("account has customer %s: %w", stored.CustomerID, lockstep.ErrLinked)
	}
	return t.replacePrimary(ctx, account, stored, customerID)
}

func (t *tx) replacePrimary(ctx context.Context, account lockstep.Account, stored lockstep.Record,
	customerID string) error {
	t.queue(deleteFurther, customerID)
	if stored.CustomerID != "" {
		t.addFurther(account, stored.CustomerID, lockstep.Proven, stored.CustomerDeleted)
	}
	_, err := t.exec(ctx, updateLink, account.Kind, account.ID, customerID, t.now())
	if t.dialect.failure(err) == sqlrun.Conflict {
		return fmt.Errorf("customer %s was linked meanwhile: %w", customerID, lockstep.ErrLinked)
	}
	return err
}

// announceLink wakes what waits for a customer that the account's own run linked. The run knows the
// customer, so the account is marked only if there is work to take over.
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

// Release implements [lockstep.Links].
func (s *Store) Release(ctx context.Context, claim lockstep.Claim, customerID string) error {
	account, ok := claim.Key.Account()
	if !ok {
		return fmt.Errorf("release customer %s: key %s is not an account", customerID, claim.Key)
	}
	err := s.fencedAccount(ctx, claim, account, func(t *tx, stored lockstep.Record, err error) error {
		if err != nil {
			return err
		}
		link, err := t.linkTo(ctx, account, customerID)
		firm := link.Trust != lockstep.Claimed && stored.State != lockstep.AccountDeleted
		switch {
		case errors.Is(err, lockstep.ErrNotFound), errors.Is(err, lockstep.ErrLinked), err == nil && firm:
			return nil
		case err != nil:
			return err
		}
		t.changed(account)
		if link.Primary {
			t.queue(updateLink, account.Kind, account.ID, nil, t.now())
		}
		if err := t.drop(ctx, account, customerID); err != nil {
			return err
		}
		t.mark(lockstep.Mark{Key: customerKey(customerID), Scope: lockstep.ScopeAll,
			Priority: lockstep.Normal})
		return nil
	})
	if err != nil {
		return fmt.Errorf("release customer %s of %s: %w", customerID, account, err)
	}
	return nil
}

// drop removes a further customer and its subscriptions from an account. It marks the users who
// bought them for an organization, because their records no longer show them.
func (t *tx) drop(ctx context.Context, account lockstep.Account, customerID string) error {
	payers, err := collect(ctx, t, scanAccount, selectPayersOfCustomer, account.Kind, account.ID, customerID)
	if err != nil {
		return fmt.Errorf("read the payers: %w", err)
	}
	for _, payer := range payers {
		t.mark(lockstep.Mark{Key: payer.Key(), Priority: lockstep.Normal})
	}
	t.queue(deleteFurther, customerID)
	for _, s := range []Statement{deleteItemsOfCustomer, deleteSubscriptionsOfCustomer} {
		t.queue(s, account.Kind, account.ID, customerID)
	}
	return nil
}

// Unlink implements [lockstep.Links].
func (s *Store) Unlink(ctx context.Context, customerID string) (account lockstep.Account, err error) {
	account, err = s.AccountOfCustomer(ctx, customerID)
	if err != nil {
		return lockstep.Account{}, err
	}
	err = s.decided(ctx, account, customerID, func(t *tx, stored lockstep.Record, _ lockstep.Link) error {
		if stored.CustomerID == customerID {
			t.queue(updateLink, account.Kind, account.ID, nil, t.now())
		}
		if err := t.drop(ctx, account, customerID); err != nil {
			return err
		}
		t.assign(customerKey(customerID), lockstep.Account{Kind: account.Kind})
		return nil
	})
	return wrap(account, err, "unlink customer %s from %s", customerID, account)
}

// ChoosePrimary implements [lockstep.Links].
func (s *Store) ChoosePrimary(ctx context.Context, account lockstep.Account, customerID string) error {
	err := s.decided(ctx, account, customerID, func(t *tx, stored lockstep.Record, link lockstep.Link) error {
		switch {
		case link.Deleted:
			// nolint:staticcheck // a name
			return fmt.Errorf("Stripe says that customer %s is deleted: %w", customerID, lockstep.ErrInvalid)
		case stored.Intent != nil:
			return lockstep.ErrBusy
		}
		t.assign(customerKey(customerID), account)
		if link.Primary {
			return nil
		}
		return t.replacePrimary(ctx, account, stored, customerID)
	})
	if err != nil {
		return fmt.Errorf("make customer %s the primary one of %s: %w", customerID, account, err)
	}
	return nil
}

// decided runs do with an account and one of its customers for an operator's decision, and marks
// the account for a full run. A running run would overwrite the decision with what it read before,
// so the account must not be leased. The mark locks its key, so no run starts before the commit.
func (s *Store) decided(ctx context.Context, account lockstep.Account, customerID string,
	do func(*tx, lockstep.Record, lockstep.Link) error) error {
	return s.write(ctx, func(t *tx) error {
		key := account.Key()
		t.mark(lockstep.Mark{Key: key, Scope: lockstep.ScopeAll,
			Priority: lockstep.Interactive})
		leased, err := collectOne(ctx, t, scanNumber, selectLease, key.String())
		if err != nil {
			return fmt.Errorf("read the lease of %s: %w", key, err)
		}
		if leased > t.now() {
			return lockstep.ErrBusy
		}
		stored, err := t.account(ctx, account)
		if err != nil {
			return err
		}
		link, err := t.linkTo(ctx, account, customerID)
		switch {
		case errors.Is(err, lockstep.ErrLinked):
			return fmt.Errorf("customer %s of %s: %w", customerID, account, lockstep.ErrNotFound)
		case err != nil:
			return err
		}
		t.changed(account)
		return do(t, stored, link)
	})
}

func scanLink(row sqlrun.Scanner) (l lockstep.Link, err error) {
	err = row.Scan(&l.CustomerID, &l.Account.Kind, &l.Account.ID, &l.Trust, &l.Primary, &l.Deleted)
	return l, err
}
