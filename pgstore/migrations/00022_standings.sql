-- +goose Up
set local lock_timeout = '2s';

-- What the last saved run of an account concluded: its access and, if payment and access disagree, how, why and
-- since when. An empty status: no run has concluded yet.
alter table accounts
	add column status        text collate "C" not null default '',
	add column plan          text collate "C" not null default '',
	add column concern       text collate "C" not null default '',
	add column concern_why   text   not null default '',
	add column concern_since bigint not null default 0;

create index accounts_by_status on accounts (status, kind, id);
create index accounts_by_plan on accounts (plan, kind, id) where plan <> '';
create index accounts_of_concern on accounts (concern, concern_since, kind, id, concern_why) where concern <> '';
-- E-mail addresses are searched by how they begin, whatever the case of ASCII letters: so is lower() of this collation.
create index accounts_by_folded_email on accounts (lower(email collate "C"), kind, id) where email <> '';
