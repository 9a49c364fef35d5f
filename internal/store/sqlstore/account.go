package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// SelectAccount reads an account. With several writers, a writing transaction locks the row.
	SelectAccount Statement = `
select kind, id, state, email, name, identity_updated_at,
	coalesce(customer_id, ''), customer_email, customer_name, customer_deleted, customer_generation,
	coalesce(intent_key, ''), intent_email, intent_name, intent_at,
	coalesce(projected, ''), entitled_by, deletion, deletion_at, members, member_limit, entitlements, paced_until,
		problems,
	email_verified, departed, instance_generation, missing_since, candidate, misnamed, created_at, updated_at,
	status, plan, concern, concern_why, concern_since,
	coalesce((select digest from access_told n where n.kind = accounts.kind and n.id = accounts.id), '')
from accounts where kind = $1 and id = $2`

	selectAccountsAfter Statement = `
select kind, id from accounts where (kind, id) > ($1, $2) order by kind, id limit $3 + 0`
)

// Account implements [lockstep.Accounts].
func (s *Store) Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	var r lockstep.Record
	err := s.read(ctx, func(t *tx) (err error) {
		subscriptions, licenses, paysFor := t.subscriptions(ctx, account), t.licenses(ctx, account), t.paysFor(ctx, account)
		further := ask(ctx, t, scanLink, selectFurther, account.Kind, account.ID)
		record := t.askAccount(ctx, account)
		if err := t.commit(ctx); err != nil {
			return err
		}
		if r, err = record(); err != nil {
			return err
		}
		var wrong [4]error // each names its statement
		r.Subscriptions, wrong[0] = subscriptions()
		r.Licenses, wrong[1] = licenses()
		r.PaysFor, wrong[2] = paysFor()
		r.Further, wrong[3] = further()
		return errors.Join(wrong[:]...)
	})
	return wrap(r, err, "read account %s", account)
}

// AccountOfCustomer implements [lockstep.Links].
func (s *Store) AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error) {
	account, err := one(ctx, s, scanAccount, selectLinked, customerID)
	return wrap(account, err, "read link of customer %s", customerID)
}

// AccountsAfter implements [lockstep.Accounts].
func (s *Store) AccountsAfter(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Account, error) {
	accounts, err := all(ctx, s, scanAccount, selectAccountsAfter, after.Kind, after.ID, limit)
	return wrap(accounts, err, "list accounts")
}

// account reads an account's own row, or returns ErrNotFound.
func (t *tx) account(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	return t.askAccount(ctx, account)()
}

// askAccount asks for an account's own row, see askOne.
func (t *tx) askAccount(ctx context.Context, account lockstep.Account) func() (lockstep.Record, error) {
	return askOne(ctx, t, scanRecord, SelectAccount, account.Kind, account.ID)
}

func scanRecord(row sqlrun.Scanner) (lockstep.Record, error) {
	var r lockstep.Record
	var intent lockstep.Intent
	var intentAt, createdAt, updatedAt, deletionAt, pacedUntil, missingSince, concernSince int64
	var projected, entitlements, problems, departed string
	err := row.Scan(&r.Account.Kind, &r.Account.ID, &r.State,
		&r.Email, &r.Name, &r.IdentityUpdatedAt,
		&r.CustomerID, &r.CustomerEmail, &r.CustomerName, &r.CustomerDeleted, &r.CustomerGeneration,
		&intent.Key, &intent.Email, &intent.Name, &intentAt,
		&projected, &r.EntitledBy, &r.Deletion, &deletionAt, &r.Members, &r.MemberLimit, &entitlements, &pacedUntil,
		&problems, &r.EmailVerified, &departed, &r.InstanceGeneration, &missingSince, &r.Candidate, &r.Misnamed, &createdAt,
		&updatedAt, &r.Standing.Status, &r.Standing.Plan, &r.Standing.Concern, &r.Standing.Why, &concernSince, &r.Notified)
	if err != nil {
		return r, err
	}
	if intent.Key != "" {
		intent.At = moment(intentAt)
		r.Intent = &intent
	}
	r.DeletionAt, r.PacedUntil, r.MissingSince = moment(deletionAt), moment(pacedUntil), moment(missingSince)
	r.CreatedAt, r.UpdatedAt, r.Standing.Since = moment(createdAt), moment(updatedAt), moment(concernSince)
	for _, field := range []struct {
		name, text string
		to         any
	}{
		{"entitlements", entitlements, &r.Entitlements}, {"projected metadata", projected, &r.Projected},
		{"problems", problems, &r.Problems}, {"departed members", departed, &r.Departed},
	} {
		if field.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(field.text), field.to); err != nil {
			return r, fmt.Errorf("decode %s: %w", field.name, err)
		}
	}
	return r, nil
}
