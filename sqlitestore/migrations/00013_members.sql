-- +goose Up

-- Of an organization: how many members it has and may have, as the directory last
-- said. 0 members: not known; a limit of 0: none.
alter table accounts add column members integer not null default 0;
alter table accounts add column member_limit integer not null default 0;
