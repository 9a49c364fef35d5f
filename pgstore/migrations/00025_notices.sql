-- +goose Up
set local lock_timeout = '2s';

-- LatestNotices: all notices, newest first.
create index notices_by_time on notices (created_at, id);
