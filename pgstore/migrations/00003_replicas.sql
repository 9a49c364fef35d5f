-- +goose Up

-- Which processes make calls to providers, and until when that counts: they share what
-- the providers allow. A row for each, rewritten every second while there are calls.
create table replicas (
	id    text collate "C" not null primary key,
	until bigint not null
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Endpoints that a provider said not to call for a while. Few and short-lived.
create table upstream_pauses (
	endpoint text collate "C" not null primary key,
	until    bigint not null
);

-- From when on an account's metadata may be written at its even pace, in milliseconds;
-- see reconcile.
alter table accounts add column paced_until bigint not null default 0;
