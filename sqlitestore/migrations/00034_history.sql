-- +goose Up

-- A record of each run of a key, or of several runs in a row that found nothing new.
create table runs (
	seq         integer primary key,
	key         text    not null,
	number      integer not null, -- counts the records of the key
	runs        integer not null, -- how many runs the record stands for
	began_at    integer not null, -- of the first of them
	last_at     integer not null, -- of the newest
	took        integer not null, -- milliseconds
	attempt     integer not null,
	scope       integer not null,
	priority    integer not null,
	disposition text    not null,
	reason      text    not null,
	events      text    not null, -- up to 20, as source/id, with spaces in between
	event_count integer not null,
	calls       text    not null, -- provider and number, in turn
	facts       text    not null  -- JSON
) strict;
create unique index runs_of_key on runs (key, number);

-- No key has more than 200 records.
-- +goose StatementBegin
create trigger runs_limited after insert on runs when new.number > 200 begin
	delete from runs where key = new.key and number <= new.number - 200;
end;
-- +goose StatementEnd
