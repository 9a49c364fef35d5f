-- +goose Up

-- What was ignored belongs to nobody: who is forgotten is looked for in it.
create index events_ignored on events (source, seq) where key is null;
