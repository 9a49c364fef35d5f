-- +goose Up

-- What was given back of the amount, in the currency's smallest unit. The catalog
-- says what follows of a part, so the status does not.
alter table licenses add column refunded_amount integer not null default 0;

-- When the charge was made, from when on a plan's duration counts; 0: created_at.
alter table licenses add column paid_at integer not null default 0;
