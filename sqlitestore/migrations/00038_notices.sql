-- +goose Up

-- LatestNotices: all notices, newest first.
create index notices_by_time on notices (created_at, id);
