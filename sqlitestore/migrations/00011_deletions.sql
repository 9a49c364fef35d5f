-- +goose Up

-- How far the deletion of an account is that the directory said to be gone, and when
-- that changed last; empty: nobody said so.
alter table accounts add column deletion text not null default '' check (deletion in ('', 'begun', 'held', 'approved', 'discarded'));
alter table accounts add column deletion_at integer not null default 0;
-- The brake counts what was begun lately, and looks for what is held.
create index accounts_deletion on accounts (deletion, deletion_at, kind, id) where deletion <> '';

-- One row: since when the brake counts. Whoever begins a deletion writes it first, so
-- that two cannot count at once.
create table brake (
	id         integer primary key check (id = 1),
	since      integer not null,
	consulted  integer not null -- how often, which is of no use but to write something
) strict;
insert into brake (id, since, consulted) values (1, 0, 0);
