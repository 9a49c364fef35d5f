-- +goose Up

-- The state of the deletion of an account that the directory reported as gone, and when it last
-- changed; empty: none reported.
alter table accounts add column deletion text not null default '' check (deletion in ('', 'begun', 'held', 'approved', 'discarded'));
alter table accounts add column deletion_at integer not null default 0;
-- The brake counts recent deletions and looks for held ones.
create index accounts_deletion on accounts (deletion, deletion_at, kind, id) where deletion <> '';

-- One row: the time from which the brake counts. A deletion writes it first, so that two cannot
-- count at once.
create table brake (
	id         integer primary key check (id = 1),
	since      integer not null,
	consulted  integer not null -- a counter, only so that a write locks the row
) strict;
insert into brake (id, since, consulted) values (1, 0, 0);
