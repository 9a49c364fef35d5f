-- +goose Up
set local lock_timeout = '2s';

-- When the key's quiet period ends: until then, marks that gather wait. The last run decided it.
alter table work add column quiet_until bigint not null default 0;
-- 1 if all marks since the last claim gather.
alter table work add column gathers bigint not null default 1;
