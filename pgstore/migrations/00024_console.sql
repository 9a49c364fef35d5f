-- +goose Up
set local lock_timeout = '2s';

-- Who may use the console: one-time links and the sessions of browsers. hash is the SHA-256 of the secret.
-- The next insert deletes what has expired, so there are few rows.
create table console_passes (
	hash       text collate "C" not null primary key,
	once       bigint not null, -- 1: a link, which is deleted when someone uses it
	name       text   not null,
	role       text   not null,
	created_at bigint not null,
	expires_at bigint not null
);
