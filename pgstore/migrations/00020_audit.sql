-- +goose Up
set local lock_timeout = '2s';

-- What operators asked for, and how it ended. One request has several rows.
create table audit (
	seq          bigint not null generated always as identity primary key,
	request      text   not null,
	at           bigint not null,
	actor        text   not null,
	action       text   not null,
	subject      text   not null,
	account_kind text collate "C" not null default '', -- empty: about no account
	account_id   text collate "C" not null default '',
	result       text   not null check (result in ('requested', 'done', 'failed')),
	failure      text   not null default '',
	reason       text   not null default '',
	was          text   not null default '', -- JSON, or empty
	became       text   not null default ''  -- JSON, or empty
);
-- The entries of one account, newest first.
create index audit_of_account on audit (account_kind, account_id, seq) where account_kind <> '';

-- The log is append-only.
-- +goose StatementBegin
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
	raise exception 'the audit log is append-only';
end
$$;
-- +goose StatementEnd
create trigger audit_changed before update or delete or truncate on audit
	for each statement execute function refuse_audit_change();
