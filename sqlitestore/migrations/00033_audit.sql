-- +goose Up

-- What operators asked for, and how it ended. One request has several rows.
create table audit (
	seq          integer primary key autoincrement,
	request      text    not null,
	at           integer not null,
	actor        text    not null,
	action       text    not null,
	subject      text    not null,
	account_kind text    not null default '', -- empty: about no account
	account_id   text    not null default '',
	result       text    not null check (result in ('requested', 'done', 'failed')),
	failure      text    not null default '',
	reason       text    not null default '',
	was          text    not null default '', -- JSON, or empty
	became       text    not null default ''  -- JSON, or empty
) strict;
-- The entries of one account, newest first.
create index audit_of_account on audit (account_kind, account_id, seq) where account_kind <> '';

-- The log is append-only. Replacing a row deletes it without the trigger of a deletion.
-- +goose StatementBegin
create trigger audit_updated before update on audit begin
	select raise(abort, 'the audit log is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_deleted before delete on audit begin
	select raise(abort, 'the audit log is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_replaced before insert on audit when exists (select 1 from audit where seq = new.seq) begin
	select raise(abort, 'the audit log is append-only');
end;
-- +goose StatementEnd
