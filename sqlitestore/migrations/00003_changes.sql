-- +goose Up

-- The number of the newest change of an account's record. A transaction writes its row last, and
-- the row stays locked until the commit, so numbers become visible in order; see the package
-- comment of sqlstore.
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
