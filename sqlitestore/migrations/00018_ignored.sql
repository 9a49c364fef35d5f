-- +goose Up

-- Ignored events belong to no account. Forget searches them.
create index events_ignored on events (source, seq) where key is null;
