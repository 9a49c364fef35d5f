-- +goose Up

-- The state of an e-mail about a purchase to the address that the buyer typed at checkout, if it
-- is not the account's own. The table mails is about the account's address. Each recipient has a
-- separate state, so that a crash between the two e-mails neither loses nor repeats one. The
-- address itself is not stored.
create table buyer_mails (
	notice_id text    not null primary key references notices (id),
	state     text    not null check (state in ('pending', 'sending', 'sent', 'undelivered', 'unknown', 'skipped')),
	reason    text    not null,
	attempts  integer not null,
	requested integer not null,
	began_at  integer not null,
	at        integer not null
) strict, without rowid;
