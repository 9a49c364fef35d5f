-- +goose Up

-- What a notice says, frozen when it was recorded (JSON, no personal data), and
-- which generation of its account's key must be done before anybody is told.
alter table notices add column facts text not null default '{}';
alter table notices add column account_generation integer not null default 0;

-- What granted access first, as the last saved run found; empty: nothing. access.ended
-- is told when it turns, and is about it.
alter table accounts add column entitled_by text not null default '';

-- What became of mailing a notice. A row in state 'sending' was written before
-- the message was handed over; if its run dies, nobody knows whether it was sent.
create table mails (
	notice_id text    not null primary key references notices (id),
	state     text    not null check (state in ('pending', 'sending', 'sent', 'undelivered', 'unknown', 'skipped')),
	reason    text    not null,
	attempts  integer not null, -- how often it was handed over
	requested integer not null, -- somebody asked for it to be sent again
	began_at  integer not null, -- of this sending; temporary failures are tried for three days
	at        integer not null  -- of the last change
) strict, without rowid;
