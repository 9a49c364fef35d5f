-- +goose Up

-- The identities that servers store through the API, if no provider keeps them. A removed one
-- stays, without its personal data, so that its id is not reused.
create table roster (
	kind       text    not null check (kind in ('user', 'organization')),
	id         text    not null,
	email      text    not null,
	name       text    not null,
	metadata   text    not null, -- a JSON object: what was projected
	updated_at integer not null, -- grows with each change of email or name
	removed_at integer not null default 0,
	primary key (kind, id) -- Identities pages by it
) strict, without rowid;
