-- +goose Up
set local lock_timeout = '2s';

-- The steps of an account's last runs that a provider refused, as JSON; empty: none.
alter table accounts add column problems text collate "C" not null default '';
create index accounts_problems on accounts (kind, id) where problems <> '';
-- Whether Stripe refused to end the billing of this deleted account.
alter table accounts add column deletion_refused bigint not null default 0;
create index accounts_deletion_refused on accounts (deletion_refused, deletion_at, kind, id) where deletion_refused <> 0;
-- Whether the directory has verified the address.
alter table accounts add column email_verified bigint not null default 0;
-- Of an organization: the users who bought for it and are not its members, as a JSON list; empty: none.
alter table accounts add column departed text collate "C" not null default '';

-- The addresses that have had a trial, as keyed hashes. The key is below.
create table trials (
	address text collate "C" not null primary key,
	at      bigint           not null
);
create table trial_key (
	id  bigint primary key check (id = 1),
	key text collate "C" not null
);
insert into trial_key values (1, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
