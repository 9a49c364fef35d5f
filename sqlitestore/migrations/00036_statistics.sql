-- +goose Up

-- What all processes counted, in buckets of time, for the charts of the console. There are three resolutions, and
-- old buckets are deleted by the write that adds to new ones.
create table statistics (
	resolution integer not null, -- the length of a bucket in milliseconds
	at         integer not null, -- when the bucket starts
	metric     text    not null,
	bin        integer not null, -- the upper bound of a bin of a histogram in milliseconds; otherwise 0
	count      integer not null, -- adds up
	most       integer not null, -- the highest value of a gauge
	last       integer not null, -- the latest value of a gauge
	primary key (resolution, at, metric, bin)
) strict, without rowid;
