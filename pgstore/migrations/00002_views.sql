-- +goose Up

-- What an application may read and join with, as docs/postgresql.md promises. Columns are added,
-- never renamed or dropped, and keep their meaning.
create schema if not exists billing;

-- One row per account.
create view billing.accounts as
select kind, id, state, customer_id,
	case when created_at > 0 then to_timestamp(created_at / 1000.0) end as created_at,
	case when updated_at > 0 then to_timestamp(updated_at / 1000.0) end as updated_at
from accounts;

-- One row per item of a subscription.
create view billing.subscriptions as
select s.id, s.account_kind, s.account_id, s.customer_id, s.status,
	i.id as item_id, i.price_id, nullif(i.lookup_key, '') as lookup_key, i.product_id, i.quantity,
	case when i.period_start > 0 then to_timestamp(i.period_start / 1000.0) end as period_start,
	case when i.period_end > 0 then to_timestamp(i.period_end / 1000.0) end as period_end,
	s.cancel_at_period_end <> 0 or s.cancel_at > 0 as cancels,
	case when s.cancel_at > 0 then to_timestamp(s.cancel_at / 1000.0) end as cancel_at,
	case when s.ended_at > 0 then to_timestamp(s.ended_at / 1000.0) end as ended_at,
	case when s.trial_end > 0 then to_timestamp(s.trial_end / 1000.0) end as trial_end,
	to_timestamp(s.created_at / 1000.0) as created_at
from subscriptions s left join subscription_items i on i.subscription_id = s.id;

-- One row per item of a one-time payment.
create view billing.licenses as
select l.id, l.account_kind, l.account_id, nullif(l.payment_id, '') as payment_id, l.status,
	l.amount, l.refunded_amount, l.currency,
	i.id as item_id, i.price_id, nullif(i.lookup_key, '') as lookup_key, i.product_id, i.quantity,
	case when l.paid_at > 0 then to_timestamp(l.paid_at / 1000.0) end as paid_at,
	to_timestamp(l.created_at / 1000.0) as created_at
from licenses l left join license_items i on i.license_id = l.id;
