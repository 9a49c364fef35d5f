-- +goose Up

-- Of an organization: how many members it has and may have, as the directory last reported. 0
-- members: unknown; a limit of 0: no limit.
alter table accounts add column members integer not null default 0;
alter table accounts add column member_limit integer not null default 0;
