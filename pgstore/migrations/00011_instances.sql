-- +goose Up
set local lock_timeout = '2s';

-- The Clerk instance of the accounts, and the Stripe mode of the customers: one row for each
-- provider. generation counts the instances that operators accepted after the first. key_digest
-- identifies the key with which id was last read, so a restart with the same key asks no
-- provider. waiting is another instance, to which a process's key belongs and which no operator
-- has accepted; empty: none.
create table instances (
	provider      text collate "C" not null primary key check (provider in ('clerk', 'stripe')),
	id            text   not null,
	generation    bigint not null,
	key_digest    text   not null,
	accepted_at   bigint not null,
	waiting       text   not null default '',
	waiting_since bigint not null default 0
);

-- Accounts of a former instance, and the id of the same party now. done_at 0: an operator ordered
-- it, and no run has carried it out yet.
create table successions (
	kind      text collate "C" not null check (kind in ('user', 'organization')),
	id        text collate "C" not null,
	successor text collate "C" not null,
	done_at   bigint not null,
	primary key (kind, id)
);
create index successions_of on successions (kind, successor);

-- The generation of the instance in which the account was last seen.
alter table accounts add column instance_generation bigint not null default 0;
create index accounts_of_generation on accounts (instance_generation, kind, id);
-- Since when the directory does not list the account, if only its absence says so.
alter table accounts add column missing_since bigint not null default 0;
-- The account of a former instance with the same verified e-mail address; empty: none.
alter table accounts add column candidate text collate "C" not null default '';
create index accounts_by_email on accounts (email) where email <> '';
-- 1: the metadata of the customer names a former account.
alter table accounts add column misnamed bigint not null default 0;
