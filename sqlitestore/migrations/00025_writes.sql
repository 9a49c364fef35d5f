-- +goose Up

-- The steps of an account's last runs that a provider refused, as JSON; empty: none.
alter table accounts add column problems text not null default '';
create index accounts_problems on accounts (kind, id) where problems <> '';
-- Whether Stripe refused to end the billing of this deleted account.
alter table accounts add column deletion_refused integer not null default 0;
create index accounts_deletion_refused on accounts (deletion_refused, deletion_at, kind, id) where deletion_refused <> 0;
-- Whether the directory has verified the address.
alter table accounts add column email_verified integer not null default 0;
-- Of an organization: the users who bought for it and are not its members, as a JSON list; empty: none.
alter table accounts add column departed text not null default '';

-- The addresses that have had a trial, as keyed hashes. The key is below.
create table trials (
	address text    not null primary key,
	at      integer not null
) strict, without rowid;
create table trial_key (
	id  integer primary key check (id = 1),
	key text    not null
) strict;
insert into trial_key values (1, lower(hex(randomblob(32))));
