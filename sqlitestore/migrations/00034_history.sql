-- +goose Up

-- A record of each run of a key, or of several runs in a row that found nothing new. A record never changes.
create table runs (
	seq          integer primary key,
	key          text    not null,
	number       integer not null, -- counts the records of the key
	began_at     integer not null, -- of the first of the runs, as all that follows
	took         integer not null, -- milliseconds
	attempt      integer not null,
	scope        integer not null,
	priority     integer not null,
	disposition  text    not null,
	reason       text    not null,
	events       text    not null, -- up to 20, as source/id, with spaces in between
	event_count  integer not null,
	calls        text    not null, -- provider and number, in turn
	facts        text    not null, -- JSON
	earlier_runs integer not null, -- how many runs the previous record of the key stands for
	earlier_last integer not null  -- when the newest of those began
) strict;
create unique index runs_of_key on runs (key, number);

-- No key has more than 200 records.
-- +goose StatementBegin
create trigger runs_limited after insert on runs when new.number > 200 begin
	delete from runs where key = new.key and number <= new.number - 200;
end;
-- +goose StatementEnd

-- How many records the key has had; how many runs the newest one stands for beside the first, when the newest of
-- them began, and what they found. They are counted here, because each run writes this row anyway.
alter table work add column run_number integer not null default 0;
alter table work add column run_same integer not null default 0;
alter table work add column run_last integer not null default 0;
alter table work add column run_digest integer not null default 0;
