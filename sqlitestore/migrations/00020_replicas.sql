-- +goose Up

-- The processes that call providers, and until when each one counts: they share the providers'
-- limits. Each row is rewritten every second while there are calls.
create table replicas (
	id    text    not null primary key,
	until integer not null
) strict, without rowid;

-- Endpoints that a provider said not to call for a while. Few and short-lived.
create table upstream_pauses (
	endpoint text    not null primary key,
	until    integer not null
) strict, without rowid;

-- From this time on, in milliseconds, an account's metadata may be written at an even pace; see
-- reconcile.
alter table accounts add column paced_until integer not null default 0;
