-- +goose Up

-- The key comes first: settling a key that has had thousands of events must find the few open
-- ones, and with the status first the planner preferred events_of_key.
drop index events_open;
create index events_open on events (key, status) where status in ('pending', 'parked', 'failed');

-- By the number alone, which is the order of the rows: with the source first the planner took
-- them for scattered, and read all events.
drop index events_ignored;
create index events_ignored on events (seq) where key is null;
