-- +goose Up

-- The lock under which a checkout for an account starts, and its number, which becomes part of an
-- idempotency key.
create table purchases (
	kind        text    not null check (kind in ('user', 'organization')),
	id          text    not null,
	token       text    not null, -- of the lock's holder
	lease_until integer not null, -- 0: not locked
	number      integer not null,
	fingerprint text    not null, -- of the last request
	settled     integer not null, -- whether what it created is known
	began_at    integer not null,
	primary key (kind, id)
) strict, without rowid;
