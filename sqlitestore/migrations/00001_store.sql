-- +goose Up

-- Times are integer milliseconds UTC; 0 means no time. Keys and accounts are written as
-- "kind/id". STRICT refuses a value of another type than its column's.

-- One row per verified delivery. seq orders the events and is the cursor of a page. body comes
-- last, so that reading the other columns does not walk the overflow pages of a large body.
create table events (
	seq         integer primary key,
	source      text    not null,
	id          text    not null,
	type        text    not null,
	origin      text    not null,
	object_id   text    not null,
	customer_id text    not null,
	api_version text    not null,
	occurred_at integer not null,
	received_at integer not null,
	key         text, -- null: ignored, it marked nothing
	generation  integer not null, -- of key, that its mark made
	status      text    not null,
	reason      text    not null,
	body        blob    not null,
	unique (source, id) -- Receive finds duplicates by it
) strict;

-- The events of one key, newest first: Events with a Key.
create index events_of_key on events (key, seq) where key is not null;
-- Open events. Finish and a link settle by (status, key); Events with an open Status reads by
-- status. Most events are done and not in this index.
create index events_open on events (status, key) where status in ('pending', 'parked', 'failed');

-- Counted by triggers, because counting ten million rows takes seconds.
create table event_tally (
	status text not null primary key,
	events integer not null
) strict, without rowid;

-- +goose StatementBegin
create trigger events_inserted after insert on events begin
	insert into event_tally (status, events) values (new.status, 1)
	on conflict (status) do update set events = events + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger events_settled after update of status on events when old.status <> new.status begin
	update event_tally set events = events - 1 where status = old.status;
	insert into event_tally (status, events) values (new.status, 1)
	on conflict (status) do update set events = events + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger events_deleted after delete on events begin
	update event_tally set events = events - 1 where status = old.status;
end;
-- +goose StatementEnd

-- The queue: one row per key. The claimed_ columns are what the current run took, the plain ones
-- what was marked since; see the package comment of sqlstore.
create table work (
	key                text    not null primary key,
	scope              integer not null,
	priority           integer not null,
	generation         integer not null,
	done_generation    integer not null default 0,
	run_at             integer not null,
	lease_until        integer not null default 0,
	lease_token        text    not null default '',
	claimed_at         integer not null default 0,
	claimed_generation integer not null default 0,
	claimed_scope      integer not null default 0,
	claimed_priority   integer not null default 0,
	attempts           integer not null default 0,
	disposition        text    not null default '',
	reason             text    not null default '',
	due_at             integer not null generated always as (max(run_at, lease_until)) virtual
) strict, without rowid;

-- The pending keys in the order of their claims: Claim and NextDue, one priority at a time.
create index work_due on work (priority, due_at, key) where generation > done_generation;
-- Parked and failed keys: Backlog.
create index work_ended on work (key) where disposition in ('parked', 'failed');

create table work_waits (
	key       text not null,
	waits_for text not null,
	primary key (key, waits_for)
) strict, without rowid;
-- The keys that wait for a key: a link, a new account and WaitingFor.
create index work_waits_for on work_waits (waits_for);

create table accounts (
	kind                text    not null check (kind in ('user', 'organization')),
	id                  text    not null,
	state               text    not null,
	email               text    not null,
	name                text    not null,
	identity_updated_at integer not null,
	customer_id         text unique, -- null: none. AccountOfCustomer reads by it
	customer_email      text    not null default '',
	customer_name       text    not null default '',
	customer_deleted    integer not null default 0,
	customer_generation integer not null default 0,
	intent_key          text, -- null: no customer is being created
	intent_email        text    not null default '',
	intent_name         text    not null default '',
	intent_at           integer not null default 0,
	projected           text, -- JSON; null: nothing was projected yet
	sighted_round       integer not null default 0,
	linked_at           integer not null default 0, -- of the first sight or the last link
	created_at          integer not null,
	updated_at          integer not null,
	primary key (kind, id)
) strict, without rowid;

-- Former customers of accounts, so that their late events still find the account.
create table former_customers (
	customer_id text not null primary key,
	kind        text not null,
	id          text not null,
	foreign key (kind, id) references accounts (kind, id)
) strict, without rowid;

create table subscriptions (
	id                   text    not null primary key,
	account_kind         text    not null,
	account_id           text    not null,
	customer_id          text    not null,
	status               text    not null,
	cancel_at_period_end integer not null,
	cancel_at            integer not null,
	canceled_at          integer not null,
	ended_at             integer not null,
	trial_end            integer not null,
	created_at           integer not null,
	paid_by              text    not null,
	foreign key (account_kind, account_id) references accounts (kind, id)
) strict, without rowid;
-- Account reads an account's subscriptions, the oldest first.
create index subscriptions_of_account on subscriptions (account_kind, account_id, created_at, id);
-- Account reads what a user pays for, the newest first.
create index subscriptions_paid_by on subscriptions (paid_by, created_at, id) where paid_by <> '';

create table subscription_items (
	subscription_id text    not null references subscriptions (id),
	id              text    not null,
	price_id        text    not null,
	lookup_key      text    not null,
	product_id      text    not null,
	product_plan    text    not null,
	quantity        integer not null,
	period_start    integer not null,
	period_end      integer not null,
	primary key (subscription_id, id)
) strict, without rowid;

create table licenses (
	id           text    not null primary key,
	account_kind text    not null,
	account_id   text    not null,
	payment_id   text    not null,
	amount       integer not null,
	currency     text    not null,
	status       text    not null,
	created_at   integer not null,
	foreign key (account_kind, account_id) references accounts (kind, id)
) strict, without rowid;
-- Account reads an account's licenses, the oldest first.
create index licenses_of_account on licenses (account_kind, account_id, created_at, id);
-- LicenseOfPayment.
create index licenses_of_payment on licenses (payment_id, created_at, id) where payment_id <> '';

create table license_items (
	license_id   text    not null references licenses (id),
	id           text    not null,
	price_id     text    not null,
	lookup_key   text    not null,
	product_id   text    not null,
	product_plan text    not null,
	quantity     integer not null,
	period_start integer not null,
	period_end   integer not null,
	primary key (license_id, id)
) strict, without rowid;

create table notices (
	id           text    not null primary key,
	kind         text    not null,
	account_kind text    not null,
	account_id   text    not null,
	object       text    not null,
	created_at   integer not null
) strict, without rowid;
-- Notices of an account, oldest first.
create index notices_of_account on notices (account_kind, account_id, created_at, id);

create table cursors (
	sweep text not null primary key,
	value text not null
) strict, without rowid;

-- Ping writes it.
create table heartbeat (
	id integer primary key check (id = 1),
	at integer not null
) strict;
