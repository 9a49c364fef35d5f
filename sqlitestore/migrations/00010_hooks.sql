-- +goose Up

-- The last access notification of an account: a digest to detect a change, and a sequence by
-- which receivers order notifications.
create table access_told (
	kind     text    not null check (kind in ('user', 'organization')),
	id       text    not null,
	digest   text    not null,
	sequence integer not null,
	at       integer not null,
	primary key (kind, id)
) strict, without rowid;

-- The state of a webhook: an endpoint and its subject, which is a notice or an account's access.
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
-- WebhookDeliveries, the latest first.
create index hook_deliveries_by_time on hook_deliveries (endpoint, at, subject);
-- EnableWebhookEndpoint.
create index hook_deliveries_missed on hook_deliveries (endpoint, subject) where state in ('held', 'undelivered');

-- The state of endpoints. A healthy one has no row, or one without times.
create table hook_endpoints (
	id            text    not null primary key,
	failing_since integer not null,
	disabled_at   integer not null,
	reason        text    not null
) strict, without rowid;
