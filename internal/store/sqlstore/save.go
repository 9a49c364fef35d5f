package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	insertAccount Statement = `
insert into accounts (kind, id, state, email, name, identity_updated_at, created_at, updated_at, instance_generation)
values ($1, $2, $3, $4, $5, $6, $7, $7,
	case when cast($8 as bigint) >= 0 then cast($8 as bigint) else coalesce((select generation from instances
		where provider = 'clerk'), 0) end)
on conflict (kind, id) do nothing`

	updateAccount Statement = `
update accounts set
	state = $3, email = $4, name = $5, identity_updated_at = $6,
	customer_email = $7, customer_name = $8, customer_deleted = $9, customer_generation = $10,
	intent_key = $11, intent_email = $12, intent_name = $13, intent_at = $14,
	entitled_by = $15, members = $16, member_limit = $17, entitlements = $18, paced_until = $19, updated_at = $20,
	problems = $21, deletion_refused = $22, email_verified = $23, departed = $24,
	status = $25, plan = $26, concern = $27, concern_why = $28, concern_since = $29
where kind = $1 and id = $2`

	// UpdateProjected does nothing unless the token $6 of the key $5 is the current one. With a Clock
	// it reads the database's time itself, and $4 is 0.
	UpdateProjected Statement = `
update accounts set projected = $3, updated_at = $4
where kind = $1 and id = $2 and exists (select 1 from work where key = $5 and lease_token = $6)`
)

// Save implements [lockstep.Accounts].
func (s *Store) Save(ctx context.Context, claim lockstep.Claim, change lockstep.AccountUpdate) error {
	change, after, err := s.saveSteps(ctx, claim, change)
	if err != nil {
		return fmt.Errorf("save %s: %w", change.Record.Account, err)
	}
	err = s.writeEarly(ctx, func(t *tx) error {
		// Look for the notices under the account's lock, so that no other run stores one meanwhile.
		holds, account := t.holds(ctx, claim), t.askAccount(ctx, change.Record.Account)
		notices := t.storedNotices(ctx, change.Notices)
		if err := holds(); err != nil {
			return err
		}
		known, err := notices()
		if err != nil {
			return err
		}
		stored, err := account()
		isNew := errors.Is(err, lockstep.ErrNotFound)
		if isNew {
			stored.InstanceGeneration = change.Record.InstanceGeneration
			err = t.createAccount(ctx, lockstep.Identity{Account: change.Record.Account}, stored.InstanceGeneration)
		}
		if err != nil {
			return err
		}
		if err := t.saveAccount(ctx, stored, isNew, change.Record); err != nil {
			return err
		}
		if err := t.saveSubscriptions(change.Record.Account, change.Record.Subscriptions); err != nil {
			return err
		}
		if err := t.saveTrials(ctx, change.TrialAddresses); err != nil {
			return err
		}
		t.mark(change.Marks...)
		return t.saveNotices(ctx, claim, change.Notices, known)
	})
	if err == nil {
		err = after()
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", change.Record.Account, err)
	}
	return nil
}

// saveAccount writes an account's own row and those of its customers. If the account or its link is
// new, it wakes what waits for them.
func (t *tx) saveAccount(ctx context.Context, stored lockstep.Record, isNew bool, r lockstep.Record) error {
	t.changed(r.Account)
	relinked := r.CustomerID != stored.CustomerID
	if relinked {
		if err := t.relink(ctx, r.Account, stored, r.CustomerID); err != nil {
			return err
		}
	}
	if err := t.saveRecord(r); err != nil {
		return err
	}
	for _, l := range r.Further {
		t.queue(updateFurther, l.CustomerID, r.Account.Kind, r.Account.ID, bit(l.Deleted), l.Trust)
	}
	t.saveStanding(stored, r)
	if relinked {
		return t.announceLink(ctx, r.Account, r.CustomerID)
	}
	if isNew {
		t.announce(r.Account, "")
	}
	return nil
}

// saveRecord writes an account's own row.
func (t *tx) saveRecord(r lockstep.Record) error {
	entitlements, wrong := listText("entitlements", r.Entitlements)
	problems, bad := listText("problems", r.Problems)
	departed, err := listText("departed members", r.Departed)
	if err := errors.Join(wrong, bad, err); err != nil {
		return err
	}
	var intent lockstep.Intent
	if r.Intent != nil {
		intent = *r.Intent
	}
	_, refused := r.Problem(lockstep.StepDeletion)
	t.queue(updateAccount, r.Account.Kind, r.Account.ID, cmp.Or(r.State, lockstep.AccountActive),
		r.Email, r.Name, r.IdentityUpdatedAt,
		r.CustomerEmail, r.CustomerName, bit(r.CustomerDeleted), r.CustomerGeneration,
		orNull(intent.Key), intent.Email, intent.Name, millis(intent.At), r.EntitledBy, r.Members, r.MemberLimit,
		entitlements, millis(r.PacedUntil), t.now(),
		problems, bit(refused), bit(r.EmailVerified), departed,
		r.Standing.Status, r.Standing.Plan, r.Standing.Concern, r.Standing.Why, millis(r.Standing.Since))
	return nil
}

// listText encodes a list for its column; nil becomes an empty text.
func listText[T any](name string, list []T) (string, error) {
	if list == nil {
		return "", nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", name, err)
	}
	return string(text), nil
}

// acceptedGeneration stands for the generation of the accepted instance.
const acceptedGeneration = -1

// createAccount stores a new account as the directory of an instance of the given generation
// describes it.
func (t *tx) createAccount(ctx context.Context, i lockstep.Identity, generation int64) error {
	n, err := t.exec(ctx, insertAccount, i.Account.Kind, i.Account.ID, lockstep.AccountActive, i.Email, i.Name,
		i.UpdatedAt, t.now(), generation)
	if err == nil && n == 0 {
		err = errOvertaken
	}
	return err
}

// SaveProjected implements [lockstep.Accounts]. It returns ErrNotFound if there is no such account.
func (s *Store) SaveProjected(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
	projected map[string]any) error {
	encoded, err := json.Marshal(projected)
	if err != nil {
		return fmt.Errorf("encode the projection of %s: %w", account, err)
	}
	var written *sqlrun.Query
	err = s.writeEarly(ctx, func(t *tx) error {
		if claim.Token == "" {
			return lost(claim)
		}
		t.changed(account)
		t.queue(HoldsLease, claim.Key.String(), claim.Token)
		written = t.queue(UpdateProjected, account.Kind, account.ID, string(encoded), t.at, claim.Key.String(), claim.Token)
		return t.commit(ctx)
	})
	if err == nil && written.Changed == 0 { // the lease is lost, or there is no such account
		err = s.fencedAccount(ctx, claim, account, func(_ *tx, _ lockstep.Record, err error) error { return err })
	}
	if err != nil {
		return fmt.Errorf("save the projection of %s: %w", account, err)
	}
	return nil
}
