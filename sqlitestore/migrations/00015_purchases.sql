-- +goose Up

-- Whose turn it is to begin a checkout for an account, and the number of the turn:
-- an idempotency key is made of it.
create table purchases (
	kind        text    not null check (kind in ('user', 'organization')),
	id          text    not null,
	token       text    not null, -- of who has the turn
	lease_until integer not null, -- 0: nobody has it
	number      integer not null,
	fingerprint text    not null, -- of the request of the last turn
	settled     integer not null, -- whether what it created is known
	began_at    integer not null,
	primary key (kind, id)
) strict, without rowid;
