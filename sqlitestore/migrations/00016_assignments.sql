-- +goose Up

-- An operator's decision about the account of a customer or of a guest's payment.
create table assignments (
	key        text    not null primary key,
	kind       text    not null check (kind in ('user', 'organization')),
	id         text    not null,
	created_at integer not null
) strict, without rowid;
