-- +goose Up

-- The data that a backfill has listed. It is removed when the backfill ends.
create table backfill_identities (
	kind  text not null check (kind in ('user', 'organization')),
	id    text not null,
	email text not null, -- of a user: the primary address, if it is verified
	slug  text not null,
	body  text not null, -- the identity without metadata, as JSON
	primary key (kind, id)
) strict, without rowid;
create index backfill_identities_email on backfill_identities (email) where email <> '';
create index backfill_identities_slug on backfill_identities (slug) where slug <> '';

create table backfill_customers (
	customer_id text not null primary key,
	email       text not null,
	body        text not null, -- the customer as JSON
	outcome     text not null, -- empty: not decided yet
	kind        text not null, -- kind and id: the account that it is linked to
	id          text not null,
	rank        integer not null,
	trust       text not null
) strict, without rowid;
create index backfill_customers_email on backfill_customers (email) where email <> '';
create index backfill_customers_outcome on backfill_customers (outcome, kind, id, rank, customer_id);

-- Subscriptions and completed checkout sessions of customers.
create table backfill_objects (
	customer_id text not null,
	id          text not null,
	body        text not null,
	primary key (customer_id, id)
) strict, without rowid;

-- One-time payments. kind and id: the account that they name; an id without a kind is the
-- slug of an organization.
create table backfill_payments (
	session_id  text not null primary key,
	customer_id text not null,
	kind        text not null,
	id          text not null
) strict, without rowid;

-- The accounts that customers could belong to. origin: 'directory' (the directory's
-- metadata names the customer), or how a backfill decided about the customer; rows of
-- those origins stay when the backfill has ended.
create table backfill_claims (
	origin      text not null check (origin in ('directory', 'unlinked', 'ambiguous')),
	customer_id text not null,
	kind        text not null,
	id          text not null,
	primary key (origin, customer_id, kind, id)
) strict, without rowid;
create index backfill_claims_of_account on backfill_claims (kind, id, origin, customer_id);
