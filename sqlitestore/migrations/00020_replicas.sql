-- +goose Up

-- Which processes make calls to providers, and until when that counts: they share what
-- the providers allow. A row for each, rewritten every second while there are calls.
create table replicas (
	id    text    not null primary key,
	until integer not null
) strict, without rowid;

-- Endpoints that a provider said not to call for a while. Few and short-lived.
create table upstream_pauses (
	endpoint text    not null primary key,
	until    integer not null
) strict, without rowid;

-- From when on an account's metadata may be written at its even pace, in milliseconds;
-- see reconcile.
alter table accounts add column paced_until integer not null default 0;
