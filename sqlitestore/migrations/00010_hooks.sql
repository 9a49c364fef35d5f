-- +goose Up

-- What webhook endpoints were last told of an account's access: a digest, to see a
-- change by, and a sequence that receivers order by.
create table access_told (
	kind     text    not null check (kind in ('user', 'organization')),
	id       text    not null,
	digest   text    not null,
	sequence integer not null,
	at       integer not null,
	primary key (kind, id)
) strict, without rowid;

-- What became of telling an endpoint about a subject: a notice, or an account's access.
create table hook_deliveries (
	endpoint text    not null,
	subject  text    not null,
	state    text    not null check (state in ('pending', 'delivered', 'undelivered', 'held')),
	status   integer not null, -- of the last answer
	reason   text    not null,
	attempts integer not null,
	sequence integer not null, -- of an access: the newest that was delivered
	began_at integer not null, -- tried for three days from then on
	at       integer not null, -- of the last change
	primary key (endpoint, subject)
) strict, without rowid;
-- HookDeliveries, the latest first.
create index hook_deliveries_by_time on hook_deliveries (endpoint, at, subject);
-- EnableHookEndpoint.
create index hook_deliveries_missed on hook_deliveries (endpoint, subject) where state in ('held', 'undelivered');

-- How endpoints do. One that does well has no row, or one without times.
create table hook_endpoints (
	id            text    not null primary key,
	failing_since integer not null,
	disabled_at   integer not null,
	reason        text    not null
) strict, without rowid;
