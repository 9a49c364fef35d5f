-- +goose Up

-- A delivery writes a page of each index that it adds an entry to. So a new event has an entry in
-- one index beside that of its id; the others get theirs when the event is settled.

-- The open events of each key: Finish and a link settle by it. EventTally counts them, and Events
-- with an open Status sorts them.
drop index events_open;
create index events_open on events (key, status, seq) where status in ('pending', 'parked', 'failed');
-- The settled events of one key, newest first: Events with a Key.
drop index events_of_key;
create index events_of_key on events (key, seq) where status = 'done';

-- Triggers counted the events by status. Nobody needs the number of settled ones.
drop trigger events_inserted;
drop trigger events_settled;
drop trigger events_deleted;
drop table event_tally;
