-- +goose Up

-- An operator's word of whose a customer or a guest's payment is.
create table assignments (
	key        text    not null primary key,
	kind       text    not null check (kind in ('user', 'organization')),
	id         text    not null,
	created_at integer not null
) strict, without rowid;
