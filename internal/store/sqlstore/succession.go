package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

const (
	// revokeKey settles a key whatever run holds it, whose writes then fail.
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
	// A user's payments for organizations go along.
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

// Succeed implements [lockstep.Instances]. The rows of one account fit one transaction, except
// for its open events: if there are many, a wake of the former key moves the rest.
func (s *Store) Succeed(ctx context.Context, claim lockstep.Claim, c lockstep.Succession) error {
	if claim.Key != c.To.Key() || c.From.Kind != c.To.Kind || c.From == c.To {
		return fmt.Errorf("%s cannot succeed %s under %s: %w", c.To, c.From, claim.Key, lockstep.ErrInvalid)
	}
	err := s.fenced(ctx, claim, func(t *tx) error { return t.succeed(ctx, claim, c) })
	if err != nil {
		return fmt.Errorf("carry %s over to %s: %w", c.From, c.To, err)
	}
	return nil
}

func (t *tx) succeed(ctx context.Context, claim lockstep.Claim, c lockstep.Succession) error {
	// Before the account is locked: whoever runs it holds this row, then the account's.
	if err := t.later(ctx, revokeKey, c.From.Key().String()); err != nil {
		return err
	}
	from, err := t.account(ctx, c.From)
	if err != nil {
		return err
	}
	if from.InstanceGeneration >= c.Generation || from.State == lockstep.AccountDeleted {
		return lockstep.ErrInUse
	}
	if from.CustomerID == "" {
		from.CustomerID, from.Intent = c.CustomerID, nil
	}
	to, err := t.account(ctx, c.To)
	if errors.Is(err, lockstep.ErrNotFound) {
		to = lockstep.Record{Account: c.To}
		err = t.createAccount(ctx, lockstep.Identity{Account: c.To}, c.Generation)
	}
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
	if err := t.saveSuccessor(ctx, merged, beside); err != nil {
		return err
	}
	t.changed(c.From)
	t.changed(c.To)
	t.announce(c.To, merged.CustomerID)
	if err := t.recordSuccession(ctx, c); err != nil {
		return err
	}
	mark := lockstep.Mark{Key: c.To.Key(), Scope: lockstep.ScopeAll | lockstep.ScopeMembers, Priority: lockstep.Normal}
	if err := t.markRouted(ctx, mark); err != nil {
		return err
	}
	more, err := t.moveEvents(ctx, c.To, c.From.Key().String())
	if err != nil {
		return err
	}
	if more {
		if err := t.wakeRest(ctx, c.From.Key()); err != nil {
			return err
		}
	}
	if err := t.later(ctx, deleteWaits, c.From.Key().String()); err != nil {
		return fmt.Errorf("delete waits: %w", err)
	}
	return t.wake(ctx, c.From.Key())
}

// heir returns the successor of the account that a key names, if there is one.
func (t *tx) heir(ctx context.Context, key lockstep.Key) (successor lockstep.Account, found bool, err error) {
	former, is := key.Account()
	if !is {
		return lockstep.Account{}, false, nil
	}
	successor, err = scanAccount(t.row(ctx, selectSuccessor, former.Kind, former.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return lockstep.Account{}, false, nil
	}
	if err != nil {
		return lockstep.Account{}, false, fmt.Errorf("read successor of %s: %w", former, err)
	}
	return successor, true, nil
}

// merge decides which customer is the successor's primary one, and which one becomes
// a further one beside it; without an id: none.
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
	takes := to.CustomerID == ""
	if !takes {
		var ours, theirs bool
		if err := t.row(ctx, hasRunning, to.Account.Kind, to.Account.ID, to.CustomerID).Scan(&ours); err != nil {
			return merged, beside, err
		}
		if err := t.row(ctx, hasRunning, from.Account.Kind, from.Account.ID, from.CustomerID).Scan(&theirs); err != nil {
			return merged, beside, err
		}
		takes = !ours && (theirs || !from.CustomerDeleted)
	}
	if !takes {
		return merged, lockstep.Link{CustomerID: from.CustomerID, Deleted: from.CustomerDeleted}, nil
	}
	merged.CustomerID, merged.CustomerEmail, merged.CustomerName = from.CustomerID, from.CustomerEmail, from.CustomerName
	merged.CustomerDeleted, merged.Entitlements, merged.Misnamed = from.CustomerDeleted, from.Entitlements,
		!from.CustomerDeleted
	return merged, lockstep.Link{CustomerID: to.CustomerID, Deleted: to.CustomerDeleted}, nil
}

// moveAll moves what belongs to the former account, and removes its row.
func (t *tx) moveAll(ctx context.Context, claim lockstep.Claim, c lockstep.Succession) error {
	kind, from, to := c.From.Kind, c.From.ID, c.To.ID
	for _, move := range []Statement{moveFurther, moveSubscriptions, moveLicenses} {
		if err := t.later(ctx, move, kind, from, to); err != nil {
			return err
		}
	}
	if c.From.Kind == lockstep.User {
		if err := t.movePayer(ctx, from, to); err != nil {
			return err
		}
	}
	// Notices that are not handed over yet wait for the successor's run instead.
	if err := t.later(ctx, moveNotices, kind, from, to, claim.Generation); err != nil {
		return err
	}
	return t.later(ctx, deleteAccount, kind, from)
}

// movePayer has a user's successor be who pays for organizations, which then look at who
// of their buyers is a member.
func (t *tx) movePayer(ctx context.Context, from, to string) error {
	organizations, err := collect(ctx, t, scanAccount, selectPaidFor, from)
	if err != nil {
		return err
	}
	if err := t.later(ctx, movePaidBy, from, to); err != nil {
		return err
	}
	slices.SortFunc(organizations, func(a, b lockstep.Account) int { return strings.Compare(a.String(), b.String()) })
	for _, organization := range slices.Compact(organizations) {
		t.changed(organization)
		mark := lockstep.Mark{Key: organization.Key(), Scope: lockstep.ScopeSubscriptions | lockstep.ScopeMembers,
			Priority: lockstep.Normal}
		if err := t.markRouted(ctx, mark); err != nil {
			return err
		}
	}
	return nil
}

// saveSuccessor writes the merged row. The customer beside its primary one becomes a
// further one.
func (t *tx) saveSuccessor(ctx context.Context, r lockstep.Record, beside lockstep.Link) error {
	entitlements, err := listText("entitlements", r.Entitlements)
	if err != nil {
		return err
	}
	if err := t.later(ctx, deleteFurther, r.CustomerID); err != nil {
		return err
	}
	err = t.later(ctx, updateSuccessor, r.Account.Kind, r.Account.ID, orNull(r.CustomerID), r.CustomerEmail,
		r.CustomerName,
		bit(r.CustomerDeleted), r.CustomerGeneration, bit(r.Misnamed), r.EntitledBy, entitlements, millis(r.CreatedAt),
		t.now())
	if err != nil || beside.CustomerID == "" {
		return err
	}
	return t.addFurther(ctx, r.Account, beside.CustomerID, lockstep.Proven, beside.Deleted)
}

// recordSuccession has the former id, and all that led to it, lead to the successor.
func (t *tx) recordSuccession(ctx context.Context, c lockstep.Succession) error {
	if err := t.later(ctx, redirectSuccessions, c.From.Kind, c.From.ID, c.To.ID); err != nil {
		return err
	}
	if err := t.later(ctx, deleteSuccession, c.To.Kind, c.To.ID); err != nil { // it was a former id, and is one no more
		return err
	}
	return t.later(ctx, upsertSuccession, c.From.Kind, c.From.ID, c.To.ID, t.now())
}

// Successor implements [lockstep.Instances].
func (s *Store) Successor(ctx context.Context, former lockstep.Account) (lockstep.Account, error) {
	successor, err := one(ctx, s, scanAccount, selectSuccessor, former.Kind, former.ID)
	if err != nil {
		return lockstep.Account{}, fmt.Errorf("read successor of %s: %w", former, err)
	}
	return successor, nil
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
		if err := t.later(ctx, upsertSuccession, from.Kind, from.ID, to.ID, 0); err != nil {
			return err
		}
		return t.mark(ctx, []lockstep.Mark{{Key: to.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeSuccession,
			Priority: lockstep.Interactive}})
	})
	if err != nil {
		return fmt.Errorf("have %s succeed %s: %w", to, from, err)
	}
	return nil
}

// OrderedPredecessors implements [lockstep.Instances].
func (s *Store) OrderedPredecessors(ctx context.Context, to lockstep.Account) ([]lockstep.Account, error) {
	ordered, err := all(ctx, s, scanAccount, selectOrdered, to.Kind, to.ID)
	if err != nil {
		return nil, fmt.Errorf("read predecessors of %s: %w", to, err)
	}
	return ordered, nil
}
