-- +goose Up

-- What became of mailing a notice of a purchase to the address that the buyer typed at
-- checkout, where it is not the account's own. As in mails, which is about the account's
-- address: each recipient has a state of its own, so that a crash between the two letters
-- neither loses nor repeats one. The address itself is not kept.
create table buyer_mails (
	notice_id text collate "C" not null primary key references notices (id),
	state     text   not null check (state in ('pending', 'sending', 'sent', 'undelivered', 'unknown', 'skipped')),
	reason    text   not null,
	attempts  bigint not null,
	requested bigint not null,
	began_at  bigint not null,
	at        bigint not null
);
