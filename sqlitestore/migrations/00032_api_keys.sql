-- +goose Up

-- The keys of the API that operators created. hash is the SHA-256 of the secret. used_at is the hour of
-- the last use; 0: never.
create table api_keys (
	hash       text    not null primary key,
	name       text    not null,
	scopes     text    not null, -- names, separated by commas
	created_at integer not null,
	revoked_at integer not null default 0, -- 0: valid
	used_at    integer not null default 0
) strict, without rowid;
-- Valid keys are read by name. A revoked key's name can be used again.
create unique index api_keys_valid on api_keys (name) where revoked_at = 0;
