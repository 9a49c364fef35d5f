-- +goose Up
set local lock_timeout = '2s';

-- A new event has an entry in one index beside those of its id and number; the others get theirs
-- when the event is settled.

-- The open events of each key: Finish and a link settle by it. EventTally counts them, and Events
-- with an open Status sorts them.
drop index events_open;
create index events_open on events (key, status, seq) where status in ('pending', 'parked', 'failed');
-- The settled events of one key, newest first: Events with a Key.
drop index events_of_key;
create index events_of_key on events (key, seq) where status = 'done';

-- Triggers counted the events by status. Nobody needs the number of settled ones. Older programs
-- read the table until they are replaced.
drop trigger events_added on events;
drop trigger events_settled on events;
drop trigger events_removed on events;
drop function count_events;
drop table event_tally;
create view event_tally as
select status, 0 as part, count(*) as events from events
where status in ('pending', 'parked', 'failed') group by status;
