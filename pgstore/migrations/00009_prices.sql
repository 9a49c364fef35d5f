-- +goose Up
set local lock_timeout = '2s';

-- Every name under which a price was seen: its id stays when its lookup key moves or its product
-- is renamed.
create table price_names (
	price_id     text collate "C" not null,
	lookup_key   text collate "C" not null, -- empty: it had none
	product_id   text   not null,
	product_plan text   not null, -- empty: the product was not read
	seen_at      bigint not null, -- for the first time
	primary key (price_id, lookup_key)
);

-- The names of the price at purchase and since; lists are JSON, empty for none.
alter table subscription_items add column lookup_keys text not null default '';
alter table subscription_items add column bought_as text not null default '';
alter table subscription_items add column sibling_keys text not null default '';
alter table license_items add column lookup_keys text not null default '';
alter table license_items add column bought_as text not null default '';
alter table license_items add column sibling_keys text not null default '';

-- The plan that the app named in its metadata; empty: none.
alter table subscriptions add column plan_named text not null default '';
alter table licenses add column plan_named text not null default '';

-- Since when a past-due subscription is owed; 0: it is not, or nobody recorded it.
alter table subscriptions add column unpaid_since bigint not null default 0;

-- When Stripe first tried to collect the latest open invoice; 0: no invoice is open.
alter table subscriptions add column tried_at bigint not null default 0;
