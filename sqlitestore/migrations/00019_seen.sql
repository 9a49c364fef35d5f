-- +goose Up

-- A run learns whether what it waits for appeared meanwhile from the numbers of changes, which
-- follow the order of the commits, and not from clocks.
alter table work add column claimed_seq integer not null default 0; -- the newest change when it was claimed
alter table work drop column claimed_at;
alter table accounts add column linked_seq integer not null default 0; -- of the first sight or the last link
alter table accounts drop column linked_at;
