-- +goose Up

-- A delivery writes a page of each index whose keys are in an order of their own, because the key
-- of one delivery is seldom near that of the next. One such index is enough.

-- The events of one key: Finish and a link settle by (key, status); Events with a Key sorts what
-- it finds.
drop index events_of_key;
create index events_of_key on events (key, status, seq) where key is not null;
-- Open events in the order of arrival: Events with an open Status.
drop index events_open;
create index events_open on events (status, seq) where status in ('pending', 'parked', 'failed');
