package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	selectSubscriptions Statement = `
select id, customer_id, status, cancel_at_period_end, cancel_at, canceled_at, ended_at, trial_end, created_at, paid_by,
	unpaid_since, plan_named, tried_at, account_kind, account_id, customer_id
from subscriptions where account_kind = $1 and account_id = $2
order by created_at, id`

	selectSubscriptionItems Statement = `
select subscription_id, id, price_id, lookup_key, product_id, product_plan, quantity, period_start, period_end,
	lookup_keys, bought_as, sibling_keys
from subscription_items
where subscription_id in (select id from subscriptions where account_kind = $1 and account_id = $2)
order by subscription_id, id`

	selectPaidBy Statement = `
select s.id, s.customer_id, s.status, s.cancel_at_period_end, s.cancel_at, s.canceled_at, s.ended_at, s.trial_end,
	s.created_at, s.paid_by, s.unpaid_since, s.plan_named, s.tried_at, s.account_kind, s.account_id, s.customer_id
from subscriptions s join accounts a on a.kind = s.account_kind and a.id = s.account_id
where s.paid_by = $1 and s.paid_by <> '' and s.account_kind = 'organization' and a.state = 'active'
	and replace(a.departed, '"' || s.paid_by || '"', '') = a.departed
order by s.created_at desc, s.id desc`

	selectPaidByItems Statement = `
select subscription_id, id, price_id, lookup_key, product_id, product_plan, quantity, period_start, period_end,
	lookup_keys, bought_as, sibling_keys
from subscription_items
where subscription_id in (
	select id from subscriptions where paid_by = $1 and paid_by <> '' and account_kind = 'organization')
order by subscription_id, id`

	upsertSubscription Statement = `
insert into subscriptions (id, account_kind, account_id, customer_id, status, cancel_at_period_end, cancel_at,
	canceled_at, ended_at, trial_end, created_at, paid_by, unpaid_since, plan_named,
	tried_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
on conflict (id) do update set
	account_kind = excluded.account_kind, account_id = excluded.account_id, customer_id = excluded.customer_id,
	status = excluded.status, cancel_at_period_end = excluded.cancel_at_period_end, cancel_at = excluded.cancel_at,
	canceled_at = excluded.canceled_at, ended_at = excluded.ended_at, trial_end = excluded.trial_end,
	created_at = excluded.created_at, paid_by = excluded.paid_by,
	unpaid_since = excluded.unpaid_since, plan_named = excluded.plan_named, tried_at = excluded.tried_at`

	deleteSubscriptionItems Statement = `delete from subscription_items where subscription_id = $1`
	insertSubscriptionItem  Statement = `
insert into subscription_items (subscription_id, id, price_id, lookup_key, product_id, product_plan, quantity,
	period_start, period_end, lookup_keys, bought_as, sibling_keys)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
)

// subscriptions asks for the subscriptions of an account.
func (t *tx) subscriptions(ctx context.Context, account lockstep.Account) func() ([]lockstep.Subscription, error) {
	answer := t.sponsorships(ctx, selectSubscriptions, selectSubscriptionItems, account.Kind, account.ID)
	return func() (subscriptions []lockstep.Subscription, err error) {
		found, err := answer()
		for _, f := range found {
			subscriptions = append(subscriptions, f.Subscription)
		}
		return subscriptions, err
	}
}

// paysFor asks for the subscriptions that a user bought for organizations: those that have not ended
// first, then the newest.
func (t *tx) paysFor(ctx context.Context, user lockstep.Account) func() ([]lockstep.Sponsorship, error) {
	if user.Kind != lockstep.User {
		return func() ([]lockstep.Sponsorship, error) { return nil, nil }
	}
	answer := t.sponsorships(ctx, selectPaidBy, selectPaidByItems, user.ID)
	return func() ([]lockstep.Sponsorship, error) {
		found, err := answer()
		slices.SortStableFunc(found, func(a, b lockstep.Sponsorship) int {
			return cmp.Compare(endedLast(a.Subscription), endedLast(b.Subscription))
		})
		return found, err
	}
}

func endedLast(s lockstep.Subscription) int { return bit(s.Ended()) }

// sponsorships asks for subscriptions with their items and accounts.
func (t *tx) sponsorships(ctx context.Context, rows, items Statement,
	args ...any) func() ([]lockstep.Sponsorship, error) {
	answer := ask(ctx, t, scanSponsorship, rows, args...)
	itemsByOwner := itemsOf(ctx, t, answer, items, args...)
	return func() ([]lockstep.Sponsorship, error) {
		found, err := answer()
		if err != nil || len(found) == 0 {
			return nil, err
		}
		byOwner, err := itemsByOwner()
		if err != nil {
			return nil, err
		}
		for i := range found {
			found[i].Subscription.Items = byOwner[found[i].Subscription.ID]
		}
		return found, nil
	}
}

func scanSponsorship(row sqlrun.Scanner) (lockstep.Sponsorship, error) {
	var f lockstep.Sponsorship
	s := &f.Subscription
	var cancelAt, canceledAt, endedAt, trialEnd, createdAt, unpaidSince, triedAt int64
	err := row.Scan(&s.ID, &s.CustomerID, &s.Status, &s.CancelAtPeriodEnd, &cancelAt, &canceledAt, &endedAt, &trialEnd,
		&createdAt, &s.PaidBy, &unpaidSince, &s.PlanNamed, &triedAt, &f.Account.Kind, &f.Account.ID, &f.CustomerID)
	s.CancelAt, s.CanceledAt, s.EndedAt = moment(cancelAt), moment(canceledAt), moment(endedAt)
	s.TrialEnd, s.CreatedAt = moment(trialEnd), moment(createdAt)
	s.UnpaidSince, s.TriedAt = moment(unpaidSince), moment(triedAt)
	return f, err
}

func (t *tx) saveSubscriptions(account lockstep.Account, all []lockstep.Subscription) error {
	for _, s := range all {
		t.queue(upsertSubscription, s.ID, account.Kind, account.ID, s.CustomerID, s.Status,
			bit(s.CancelAtPeriodEnd), millis(s.CancelAt), millis(s.CanceledAt), millis(s.EndedAt), millis(s.TrialEnd),
			millis(s.CreatedAt), s.PaidBy, millis(s.UnpaidSince), s.PlanNamed, millis(s.TriedAt))
		if err := t.replaceItems(deleteSubscriptionItems, insertSubscriptionItem, s.ID, s.Items); err != nil {
			return fmt.Errorf("store subscription %s: %w", s.ID, err)
		}
	}
	return nil
}

// bit is a boolean as the database stores it.
func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
