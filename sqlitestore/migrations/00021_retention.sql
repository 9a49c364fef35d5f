-- +goose Up

-- The settled events that still have a body, the oldest first: ExpireBodies.
create index events_bodied on events (received_at) where status in ('done', 'ignored') and length(body) > 0;
