-- +goose Up
set local lock_timeout = '2s';

-- The open events of each key: Finish and a link settle by it. EventTally counts them, and Events with
-- an open Status sorts them. The old index is dropped last, because that locks readers out.
create index events_unsettled on events (key, status, seq) where status in ('pending', 'parked', 'failed');
drop index events_open;
