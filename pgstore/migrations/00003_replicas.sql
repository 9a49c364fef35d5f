-- +goose Up

-- The processes that call providers, and until when each one counts: they share the providers'
-- limits. Each row is rewritten every second while there are calls.
create table replicas (
	id    text collate "C" not null primary key,
	until bigint not null
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Endpoints that a provider said not to call for a while. Few and short-lived.
create table upstream_pauses (
	endpoint text collate "C" not null primary key,
	until    bigint not null
);

-- From this time on, in milliseconds, an account's metadata may be written at an even pace; see
-- reconcile.
alter table accounts add column paced_until bigint not null default 0;
