-- +goose Up

-- The facts of a notice, frozen when it was recorded (JSON, no personal data), and the generation
-- of its account's key that must be done before anybody is notified.
alter table notices add column facts text not null default '{}';
alter table notices add column account_generation integer not null default 0;

-- What granted access first, as the last saved run found; empty: nothing.
alter table accounts add column entitled_by text not null default '';

-- The state of a notice's e-mail. The state 'sending' is written before the message is handed
-- over; if the run dies then, it is uncertain whether the e-mail was sent.
create table mails (
	notice_id text    not null primary key references notices (id),
	state     text    not null check (state in ('pending', 'sending', 'sent', 'undelivered', 'unknown', 'skipped')),
	reason    text    not null,
	attempts  integer not null, -- how often it was handed over
	requested integer not null, -- an operator asked to send it again
	began_at  integer not null, -- of this sending; temporary failures are tried for three days
	at        integer not null  -- of the last change
) strict, without rowid;
