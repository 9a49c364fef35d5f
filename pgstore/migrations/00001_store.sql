-- +goose Up

-- Times are integer milliseconds UTC; 0 means no time. Keys and accounts are written as
-- "kind/id". Columns that are sorted or looked up compare bytes (collate "C"), like Go and
-- SQLite, whatever the database's locale.

-- One row per verified delivery, without its body: rows are small because they stay for a long
-- time, to detect duplicates. seq is about the order of arrival: of two concurrent transactions,
-- the lower number may become visible later.
create table events (
	seq         bigint not null generated always as identity primary key,
	source      text collate "C" not null,
	id          text collate "C" not null,
	type        text   not null,
	origin      text   not null,
	object_id   text   not null,
	customer_id text   not null,
	api_version text   not null,
	occurred_at bigint not null,
	received_at bigint not null,
	key         text collate "C", -- null: ignored, it marked nothing
	generation  bigint not null, -- of key, that its mark made
	status      text   not null,
	reason      text   not null,
	unique (source, id) -- Receive finds duplicates by it
);
-- Rows are only added, and removed oldest first: the work of vacuum grows with the added rows,
-- not with the table.
alter table events set (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000,
	autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200000,
	autovacuum_analyze_scale_factor = 0.02);

-- The events of one key, newest first: Events with a Key.
create index events_of_key on events (key, seq) where key is not null;
-- Open events. Finish and a link settle by (status, key); Events with an open Status reads by
-- status. Most events are done and not in this index.
create index events_open on events (status, key) where status in ('pending', 'parked', 'failed');
-- Ignored events belong to no account. Forget searches them.
create index events_ignored on events (source, seq) where key is null;

-- The bodies, in a ring of 64 weeks: slot is the week of received_at, modulo 64. Truncating a
-- week's table drops its bodies at no cost, however many there are, and no table has to be
-- created in time.
create table event_bodies (
	slot smallint not null,
	seq  bigint   not null,
	body bytea    not null,
	primary key (slot, seq)
) partition by list (slot);
-- +goose StatementBegin
do $$
begin
	-- lz4 costs half as much as the default, if the server was built with it.
	begin
		alter table event_bodies alter column body set compression lz4;
	exception when others then
		raise notice 'bodies are compressed with the default method: %', sqlerrm;
	end;
	for slot in 0..63 loop
		execute format('create table event_bodies_%s partition of event_bodies for values in (%s)', lpad(slot::text, 2, '0'), slot);
		-- Only Forget updates it and nothing deletes from it, so vacuum would only read it.
		execute format('alter table event_bodies_%s set (autovacuum_vacuum_insert_threshold = 2000000, autovacuum_vacuum_insert_scale_factor = 1)', lpad(slot::text, 2, '0'));
	end loop;
end
$$;
-- +goose StatementEnd

-- The number of events by status, counted by triggers because counting ten million rows takes
-- seconds. One part for each connection: two transactions that update one row would wait for each
-- other's commit.
create table event_tally (
	status text collate "C" not null,
	part   integer not null,
	events bigint  not null,
	primary key (status, part)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- +goose StatementBegin
create function count_events() returns trigger language plpgsql as $$
declare
	here integer := pg_backend_pid() % 1024;
begin
	if tg_op = 'INSERT' then
		insert into event_tally (status, part, events)
		select status, here, count(*) from added group by status order by status
		on conflict (status, part) do update set events = event_tally.events + excluded.events;
	elsif tg_op = 'DELETE' then
		insert into event_tally (status, part, events)
		select status, here, -count(*) from removed group by status order by status
		on conflict (status, part) do update set events = event_tally.events + excluded.events;
	else
		insert into event_tally (status, part, events)
		select status, here, sum(n) from (
			select status, 1 as n from added union all select status, -1 from removed) as changes
		group by status having sum(n) <> 0 order by status
		on conflict (status, part) do update set events = event_tally.events + excluded.events;
	end if;
	return null;
end
$$;
-- +goose StatementEnd
create trigger events_added after insert on events referencing new table as added
	for each statement execute function count_events();
create trigger events_settled after update on events referencing old table as removed new table as added
	for each statement execute function count_events();
create trigger events_removed after delete on events referencing old table as removed
	for each statement execute function count_events();

-- The queue: one row per key. The claimed_ columns are what the current run took, the plain ones
-- what was marked since; see the package comment of sqlstore.
create table work (
	key                text collate "C" not null primary key,
	scope              bigint  not null,
	priority           bigint  not null,
	generation         bigint  not null,
	done_generation    bigint  not null default 0,
	run_at             bigint  not null,
	lease_until        bigint  not null default 0,
	lease_token        text    not null default '',
	claimed_seq        bigint  not null default 0, -- the newest change when it was claimed
	claimed_generation bigint  not null default 0,
	claimed_scope      bigint  not null default 0,
	claimed_priority   bigint  not null default 0,
	attempts           bigint  not null default 0,
	disposition        text    not null default '',
	reason             text    not null default '',
	due_at             bigint  not null generated always as (greatest(run_at, lease_until)) stored
);
-- Each sync writes a row three times: leave room for that on its page, and vacuum long before a
-- fifth of a large table is dead.
alter table work set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
	autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- The pending keys in the order of their claims: Claim and NextDue, one priority at a time.
create index work_due on work (priority, due_at, key) where generation > done_generation;
-- Parked and failed keys: Backlog.
create index work_ended on work (key) where disposition in ('parked', 'failed');

create table work_waits (
	key       text collate "C" not null,
	waits_for text collate "C" not null,
	primary key (key, waits_for)
);
-- The keys that wait for a key: a link, a new account and WaitingFor.
create index work_waits_for on work_waits (waits_for);

create table accounts (
	kind                text collate "C" not null check (kind in ('user', 'organization')),
	id                  text collate "C" not null,
	state               text   not null,
	email               text   not null,
	name                text   not null,
	identity_updated_at bigint not null,
	customer_id         text collate "C" unique, -- null: none. AccountOfCustomer reads by it
	customer_email      text   not null default '',
	customer_name       text   not null default '',
	customer_deleted    bigint not null default 0,
	customer_generation bigint not null default 0,
	intent_key          text, -- null: no customer is being created
	intent_email        text   not null default '',
	intent_name         text   not null default '',
	intent_at           bigint not null default 0,
	projected           text, -- JSON; null: nothing was projected yet
	sighted_round       bigint not null default 0,
	linked_seq          bigint not null default 0, -- the change of the first sight or the last link
	-- What granted access first, as the last saved run found; empty: nothing.
	entitled_by         text   not null default '',
	-- The state of the deletion that the directory reported; empty: none reported.
	deletion            text collate "C" not null default '' check (deletion in ('', 'begun', 'held', 'approved', 'discarded')),
	deletion_at         bigint not null default 0,
	-- Of an organization, as the directory last reported; 0: unknown, or no limit.
	members             bigint not null default 0,
	member_limit        bigint not null default 0,
	-- Lookup keys of Stripe's entitlements, as a JSON list; empty: never read.
	entitlements        text   not null default '',
	created_at          bigint not null,
	updated_at          bigint not null,
	primary key (kind, id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- The brake counts recent deletions and looks for held ones.
create index accounts_deletion on accounts (deletion, deletion_at, kind, id) where deletion <> '';

-- Former customers of accounts, so that their late events still find the account.
create table former_customers (
	customer_id text collate "C" not null primary key,
	kind        text collate "C" not null,
	id          text collate "C" not null,
	foreign key (kind, id) references accounts (kind, id)
);
create index former_customers_of_account on former_customers (kind, id);

create table subscriptions (
	id                   text collate "C" not null primary key,
	account_kind         text collate "C" not null,
	account_id           text collate "C" not null,
	customer_id          text   not null,
	status               text   not null,
	cancel_at_period_end bigint not null,
	cancel_at            bigint not null,
	canceled_at          bigint not null,
	ended_at             bigint not null,
	trial_end            bigint not null,
	created_at           bigint not null,
	paid_by              text collate "C" not null,
	foreign key (account_kind, account_id) references accounts (kind, id)
);
-- Account reads an account's subscriptions, the oldest first.
create index subscriptions_of_account on subscriptions (account_kind, account_id, created_at, id);
-- Account reads what a user pays for, the newest first.
create index subscriptions_paid_by on subscriptions (paid_by, created_at, id) where paid_by <> '';

create table subscription_items (
	subscription_id text collate "C" not null references subscriptions (id),
	id              text collate "C" not null,
	price_id        text   not null,
	lookup_key      text   not null,
	product_id      text   not null,
	product_plan    text   not null,
	quantity        bigint not null,
	period_start    bigint not null,
	period_end      bigint not null,
	primary key (subscription_id, id)
);

create table licenses (
	id              text collate "C" not null primary key,
	account_kind    text collate "C" not null,
	account_id      text collate "C" not null,
	payment_id      text collate "C" not null,
	amount          bigint not null,
	currency        text   not null,
	status          text   not null,
	-- The refunded part of the amount, in the currency's smallest unit. The catalog decides what a
	-- partial refund means, so the status does not.
	refunded_amount bigint not null default 0,
	-- When the charge was made: a plan's duration counts from then; 0: created_at.
	paid_at         bigint not null default 0,
	created_at      bigint not null,
	foreign key (account_kind, account_id) references accounts (kind, id)
);
-- Account reads an account's licenses, the oldest first.
create index licenses_of_account on licenses (account_kind, account_id, created_at, id);
-- LicenseOfPayment.
create index licenses_of_payment on licenses (payment_id, created_at, id) where payment_id <> '';

create table license_items (
	license_id   text collate "C" not null references licenses (id),
	id           text collate "C" not null,
	price_id     text   not null,
	lookup_key   text   not null,
	product_id   text   not null,
	product_plan text   not null,
	quantity     bigint not null,
	period_start bigint not null,
	period_end   bigint not null,
	primary key (license_id, id)
);

create table notices (
	id                 text collate "C" not null primary key,
	kind               text   not null,
	account_kind       text collate "C" not null,
	account_id         text collate "C" not null,
	object             text   not null,
	facts              text   not null default '{}',
	account_generation bigint not null default 0,
	created_at         bigint not null
);
-- Notices of an account, oldest first.
create index notices_of_account on notices (account_kind, account_id, created_at, id);

-- The state of a notice's e-mail. The state 'sending' is written before the message is handed
-- over; if the run dies then, it is uncertain whether the e-mail was sent.
create table mails (
	notice_id text collate "C" not null primary key references notices (id),
	state     text   not null check (state in ('pending', 'sending', 'sent', 'undelivered', 'unknown', 'skipped')),
	reason    text   not null,
	attempts  bigint not null,
	requested bigint not null,
	began_at  bigint not null,
	at        bigint not null
);

-- The identities that servers store through the API, if no provider keeps them. A removed one
-- stays, without its personal data, so that its id is not reused.
create table roster (
	kind       text collate "C" not null check (kind in ('user', 'organization')),
	id         text collate "C" not null,
	email      text   not null,
	name       text   not null,
	metadata   text   not null,
	updated_at bigint not null,
	removed_at bigint not null default 0,
	primary key (kind, id) -- Identities pages by it
);

-- The last access notification of an account: a digest to detect a change, and a sequence by
-- which receivers order notifications.
create table access_told (
	kind     text collate "C" not null check (kind in ('user', 'organization')),
	id       text collate "C" not null,
	digest   text   not null,
	sequence bigint not null,
	at       bigint not null,
	primary key (kind, id)
);

-- The state of a webhook: an endpoint and its subject, which is a notice or an account's access.
create table hook_deliveries (
	endpoint text collate "C" not null,
	subject  text collate "C" not null,
	state    text   not null check (state in ('pending', 'delivered', 'undelivered', 'held')),
	status   bigint not null,
	reason   text   not null,
	attempts bigint not null,
	sequence bigint not null,
	began_at bigint not null,
	at       bigint not null,
	primary key (endpoint, subject)
);
-- WebhookDeliveries, the latest first.
create index hook_deliveries_by_time on hook_deliveries (endpoint, at, subject);
-- EnableWebhookEndpoint.
create index hook_deliveries_missed on hook_deliveries (endpoint, subject) where state in ('held', 'undelivered');

-- The state of endpoints. A healthy one has no row, or one without times.
create table hook_endpoints (
	id            text collate "C" not null primary key,
	failing_since bigint not null,
	disabled_at   bigint not null,
	reason        text   not null
);

-- The lock under which a checkout for an account starts, and its number, which becomes part of an
-- idempotency key.
create table purchases (
	kind        text collate "C" not null check (kind in ('user', 'organization')),
	id          text collate "C" not null,
	token       text   not null,
	lease_until bigint not null,
	number      bigint not null,
	fingerprint text   not null,
	settled     bigint not null,
	began_at    bigint not null,
	primary key (kind, id)
);

-- An operator's decision about the account of a customer or of a guest's payment.
create table assignments (
	key        text collate "C" not null primary key,
	kind       text collate "C" not null check (kind in ('user', 'organization')),
	id         text collate "C" not null,
	created_at bigint not null
);

-- The number of the newest change of an account's record. A transaction writes its row last, and
-- the row stays locked until the commit, so numbers become visible in order; see the package
-- comment of sqlstore.
create table change_count (
	id  integer primary key check (id = 1),
	seq bigint not null
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
insert into change_count (id, seq) values (1, 0);

-- The newest change of each account. Not a log: one row per account.
create table changes (
	kind text collate "C" not null,
	id   text collate "C" not null,
	seq  bigint not null,
	primary key (kind, id)
) with (autovacuum_vacuum_scale_factor = 0.05);
-- ChangedSince reads what changed after a number.
create index changes_in_order on changes (seq);

-- One row: the time from which the brake counts. A deletion writes it first, so that two cannot
-- count at once.
create table brake (
	id        integer primary key check (id = 1),
	since     bigint not null,
	consulted bigint not null
);
insert into brake (id, since, consulted) values (1, 0, 0);

create table cursors (
	sweep text collate "C" not null primary key,
	value text not null
);

-- Ping writes it.
create table heartbeat (
	id integer primary key check (id = 1),
	at bigint not null
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
