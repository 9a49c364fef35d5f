-- +goose Up

-- Whether what a run waits for came while it ran is told by the numbers of changes, which
-- are in the order of the commits, instead of by clocks.
alter table work add column claimed_seq integer not null default 0; -- the newest change when it was claimed
alter table work drop column claimed_at;
alter table accounts add column linked_seq integer not null default 0; -- of the first sight or the last link
alter table accounts drop column linked_at;
