-- +goose Up
set local lock_timeout = '2s';

-- The settled events of one key, newest first: Events with a Key. A new event has no entry, so a
-- delivery writes one index less. Deliveries wait while the index is built, and are answered 503 after
-- eight seconds; their senders retry. Readers do not wait.
create index events_settled on events (key, seq) where status = 'done';
drop index events_of_key;
