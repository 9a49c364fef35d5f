-- +goose Up

-- The number of the newest change of an account's record. Its row is written last
-- in a transaction and locked until the commit, so that numbers become visible in
-- their order on every database; see sqlstore's package comment.
create table change_count (
	id  integer primary key check (id = 1),
	seq integer not null
) strict;
insert into change_count (id, seq) values (1, 0);

-- The newest change of each account. Not a log: one row per account.
create table changes (
	kind text    not null,
	id   text    not null,
	seq  integer not null,
	primary key (kind, id)
) strict, without rowid;
-- ChangedSince reads what changed after a number.
create index changes_in_order on changes (seq);
