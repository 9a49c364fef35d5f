-- +goose Up
set local lock_timeout = '2s';

-- What all processes counted, in buckets of time, for the charts of the console. There are three resolutions, and
-- old buckets are deleted by the write that adds to new ones.
create table statistics (
	resolution bigint not null, -- the length of a bucket in milliseconds
	at         bigint not null, -- when the bucket starts
	metric     text collate "C" not null,
	bin        bigint not null, -- the upper bound of a bin of a histogram in milliseconds; otherwise 0
	count      bigint not null, -- adds up
	most       bigint not null, -- the highest value of a gauge
	last       bigint not null, -- the latest value of a gauge
	primary key (resolution, at, metric, bin)
);
