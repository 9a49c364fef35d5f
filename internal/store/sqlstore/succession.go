package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

const (
	// revokeKey settles a key even if a run holds it. The run's later writes fail.
	revokeKey Statement = `
update work set
	done_generation = generation, scope = 0, claimed_scope = 0, lease_token = '', lease_until = 0,
	attempts = 0, disposition = 'done', reason = ''
where key = $1`

	hasRunning Statement = `
select exists (select 1 from subscriptions where account_kind = $1 and account_id = $2 and customer_id = $3
	and status not in ('canceled', 'incomplete_expired'))`

	moveFurther       Statement = `update former_customers set id = $3 where kind = $1 and id = $2`
	moveSubscriptions Statement = `update subscriptions set account_id = $3 where account_kind = $1 and account_id = $2`
	moveLicenses      Statement = `update licenses set account_id = $3 where account_kind = $1 and account_id = $2`
	// A user's payments for organizations move too.
	movePaidBy    Statement = `update subscriptions set paid_by = $2 where paid_by = $1 and paid_by <> ''`
	selectPaidFor Statement = `
select account_kind, account_id from subscriptions where paid_by = $1 and paid_by <> ''`
	moveNotices Statement = `
update notices set account_id = $3, account_generation = $4 where account_kind = $1 and account_id = $2`
	deleteAccount Statement = `delete from accounts where kind = $1 and id = $2`

	updateSuccessor Statement = `
update accounts set
	customer_id = $3, customer_email = $4, customer_name = $5, customer_deleted = $6, customer_generation = $7,
	misnamed = $8, entitled_by = $9, entitlements = $10, candidate = '', created_at = $11, updated_at = $12
where kind = $1 and id = $2`

	redirectSuccessions Statement = `update successions set successor = $3 where kind = $1 and successor = $2`
	deleteSuccession    Statement = `delete from successions where kind = $1 and id = $2`
	upsertSuccession    Statement = `
insert into successions (kind, id, successor, done_at) values ($1, $2, $3, $4)
on conflict (kind, id) do update set successor = excluded.successor, done_at = excluded.done_at`
	selectSuccessor Statement = `
select kind, successor from successions where kind = $1 and id = $2 and done_at > 0`
	selectOrdered Statement = `
select kind, id from successions where kind = $1 and successor = $2 and done_at = 0 order by id`
	selectPredecessors Statement = `
select kind, id from successions where kind = $1 and successor = $2 and done_at > 0 order by id`
)

// Succeed implements [lockstep.Instances]. The rows of one account fit into one transaction, except
// its open events: if there are many, a wake of the former key moves the rest.
func (s *Store) Succeed(ctx context.Context, claim lockstep.Claim, c lockstep.Succession) error {
	if claim.Key != c.To.Key() || c.From.Kind != c.To.Kind || c.From == c.To {
		return fmt.Errorf("%s cannot succeed %s under %s: %w", c.To, c.From, claim.Key, lockstep.ErrInvalid)
	}
	err := s.fenced(ctx, claim, func(t *tx) error { return t.succeed(ctx, claim, c) })
	if err != nil {
		return fmt.Errorf("move %s to its successor %s: %w", c.From, c.To, err)
	}
	return nil
}

// succeed merges a former account into its successor. It locks the former account's key before the
// account itself, in the order in which a run of that account locks them.
func (t *tx) succeed(ctx context.Context, claim lockstep.Claim, c lockstep.Succession) error {
	t.queue(revokeKey, c.From.Key().String())
	from, to, err := t.successionRecords(ctx, c)
	if err != nil {
		return err
	}
	merged, beside, err := t.merge(ctx, from, to)
	if err != nil {
		return err
	}
	if err := t.moveAll(ctx, claim, c); err != nil {
		return err
	}
	if err := t.saveSuccessor(merged, beside); err != nil {
		return err
	}
	t.changed(c.From)
	t.changed(c.To)
	t.announce(c.To, merged.CustomerID)
	t.recordSuccession(c)
	t.mark(lockstep.Mark{Key: c.To.Key(), Scope: lockstep.ScopeAll | lockstep.ScopeMembers,
		Priority: lockstep.Normal})
	return t.moveWork(ctx, c)
}

// successionRecords reads the former account and its successor, which it creates if needed. It
// returns ErrInUse if the former account still belongs to the accepted instance, or is deleted.
func (t *tx) successionRecords(ctx context.Context, c lockstep.Succession) (from, to lockstep.Record, err error) {
	if from, err = t.account(ctx, c.From); err != nil {
		return from, to, err
	}
	if from.InstanceGeneration >= c.Generation || from.State == lockstep.AccountDeleted {
		return from, to, lockstep.ErrInUse
	}
	if from.CustomerID == "" {
		from.CustomerID, from.Intent = c.CustomerID, nil
	}
	to, err = t.account(ctx, c.To)
	if errors.Is(err, lockstep.ErrNotFound) {
		to = lockstep.Record{Account: c.To}
		err = t.createAccount(ctx, lockstep.Identity{Account: c.To}, c.Generation)
	}
	return from, to, err
}

// moveWork moves the former account's open events to its successor and wakes what waits for the
// former account.
func (t *tx) moveWork(ctx context.Context, c lockstep.Succession) error {
	from := c.From.Key()
	more, err := t.moveEvents(ctx, c.To, from.String())
	if err != nil {
		return err
	}
	if more {
		t.wakeRest(from)
	}
	t.queue(deleteWaits, from.String())
	return t.wake(ctx, from)
}

// heir returns the successor of the account that a key names, if it has one.
func (t *tx) heir(ctx context.Context, key lockstep.Key) (successor lockstep.Account, found bool, err error) {
	former, is := key.Account()
	if !is {
		return lockstep.Account{}, false, nil
	}
	successor, err = collectOne(ctx, t, scanAccount, selectSuccessor, former.Kind, former.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Account{}, false, nil
	}
	if err != nil {
		return lockstep.Account{}, false, fmt.Errorf("read successor of %s: %w", former, err)
	}
	return successor, true, nil
}

// merge decides which customer is the successor's primary one, and which one becomes a further one
// beside it; beside has no id if there is none.
func (t *tx) merge(ctx context.Context, from, to lockstep.Record) (
	merged lockstep.Record, beside lockstep.Link, err error) {
	merged = to
	merged.CreatedAt = from.CreatedAt
	merged.CustomerGeneration = max(from.CustomerGeneration, to.CustomerGeneration)
	if merged.EntitledBy == "" {
		merged.EntitledBy = from.EntitledBy
	}
	switch {
	case to.Intent != nil:
		return merged, beside, lockstep.ErrBusy
	case from.CustomerID == "" || from.CustomerID == to.CustomerID:
		return merged, beside, nil
	}
	takes, err := t.takesPrimary(ctx, from, to)
	if err != nil {
		return merged, beside, err
	}
	if !takes {
		return merged, lockstep.Link{CustomerID: from.CustomerID, Deleted: from.CustomerDeleted}, nil
	}
	merged.CustomerID, merged.CustomerEmail, merged.CustomerName = from.CustomerID, from.CustomerEmail, from.CustomerName
	merged.CustomerDeleted, merged.Entitlements, merged.Misnamed = from.CustomerDeleted, from.Entitlements,
		!from.CustomerDeleted
	return merged, lockstep.Link{CustomerID: to.CustomerID, Deleted: to.CustomerDeleted}, nil
}

// takesPrimary reports whether the former account's customer becomes the successor's primary one:
// if the successor has none, or only a customer without a running subscription while the former one
// has a running subscription or is not deleted.
func (t *tx) takesPrimary(ctx context.Context, from, to lockstep.Record) (bool, error) {
	if to.CustomerID == "" {
		return true, nil
	}
	toRuns := askOne(ctx, t, scanBool, hasRunning, to.Account.Kind, to.Account.ID, to.CustomerID)
	fromRuns := askOne(ctx, t, scanBool, hasRunning, from.Account.Kind, from.Account.ID, from.CustomerID)
	ours, err := toRuns()
	if err != nil || ours {
		return false, err
	}
	theirs, err := fromRuns()
	return theirs || !from.CustomerDeleted, err
}

// moveAll moves everything that belongs to the former account, and removes its row.
func (t *tx) moveAll(ctx context.Context, claim lockstep.Claim, c lockstep.Succession) error {
	kind, from, to := c.From.Kind, c.From.ID, c.To.ID
	for _, move := range []Statement{moveFurther, moveSubscriptions, moveLicenses} {
		t.queue(move, kind, from, to)
	}
	if c.From.Kind == lockstep.User {
		if err := t.movePayer(ctx, from, to); err != nil {
			return err
		}
	}
	// Notices that are not handed over yet wait for the successor's run instead.
	t.queue(moveNotices, kind, from, to, claim.Generation)
	t.queue(deleteAccount, kind, from)
	return nil
}

// movePayer makes a user's successor the payer for organizations, and marks the organizations: they
// check which of their buyers are members.
func (t *tx) movePayer(ctx context.Context, from, to string) error {
	organizations, err := collect(ctx, t, scanAccount, selectPaidFor, from)
	if err != nil {
		return err
	}
	t.queue(movePaidBy, from, to)
	slices.SortFunc(organizations, func(a, b lockstep.Account) int { return strings.Compare(a.String(), b.String()) })
	for _, organization := range slices.Compact(organizations) {
		t.changed(organization)
		mark := lockstep.Mark{Key: organization.Key(), Scope: lockstep.ScopeSubscriptions | lockstep.ScopeMembers,
			Priority: lockstep.Normal}
		t.mark(mark)
	}
	return nil
}

// saveSuccessor writes the merged row. The customer beside the primary one becomes a further one.
func (t *tx) saveSuccessor(r lockstep.Record, beside lockstep.Link) error {
	entitlements, err := listText("entitlements", r.Entitlements)
	if err != nil {
		return err
	}
	t.queue(deleteFurther, r.CustomerID)
	t.queue(updateSuccessor, r.Account.Kind, r.Account.ID, orNull(r.CustomerID), r.CustomerEmail,
		r.CustomerName,
		bit(r.CustomerDeleted), r.CustomerGeneration, bit(r.Misnamed), r.EntitledBy, entitlements, millis(r.CreatedAt),
		t.now())
	if beside.CustomerID != "" {
		t.addFurther(r.Account, beside.CustomerID, lockstep.Proven, beside.Deleted)
	}
	return nil
}

// recordSuccession makes the former id, and every id that led to it, lead to the successor.
func (t *tx) recordSuccession(c lockstep.Succession) {
	t.queue(redirectSuccessions, c.From.Kind, c.From.ID, c.To.ID)
	t.queue(deleteSuccession, c.To.Kind, c.To.ID) // the successor is no former id any more
	t.queue(upsertSuccession, c.From.Kind, c.From.ID, c.To.ID, t.now())
}

// Successor implements [lockstep.Instances].
func (s *Store) Successor(ctx context.Context, former lockstep.Account) (lockstep.Account, error) {
	successor, err := one(ctx, s, scanAccount, selectSuccessor, former.Kind, former.ID)
	return wrap(successor, err, "read successor of %s", former)
}

// OrderSuccession implements [lockstep.Instances].
func (s *Store) OrderSuccession(ctx context.Context, from, to lockstep.Account) error {
	if from.Kind != to.Kind || from == to {
		return fmt.Errorf("%s cannot succeed %s: %w", to, from, lockstep.ErrInvalid)
	}
	err := s.write(ctx, func(t *tx) error {
		instance, err := t.instance(ctx, lockstep.Clerk)
		if err != nil {
			return err
		}
		former, err := t.account(ctx, from)
		if err != nil {
			return err
		}
		if _, err := t.account(ctx, to); err != nil {
			return err
		}
		if former.InstanceGeneration >= instance.Generation {
			return lockstep.ErrInUse
		}
		t.queue(upsertSuccession, from.Kind, from.ID, to.ID, 0)
		t.mark(lockstep.Mark{Key: to.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeSuccession,
			Priority: lockstep.Interactive})
		return nil
	})
	if err != nil {
		return fmt.Errorf("order %s to succeed %s: %w", to, from, err)
	}
	return nil
}

// OrderedPredecessors implements [lockstep.Instances].
func (s *Store) OrderedPredecessors(ctx context.Context, to lockstep.Account) ([]lockstep.Account, error) {
	ordered, err := all(ctx, s, scanAccount, selectOrdered, to.Kind, to.ID)
	return wrap(ordered, err, "read predecessors of %s", to)
}
