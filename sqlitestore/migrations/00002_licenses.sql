-- +goose Up

-- The refunded part of the amount, in the currency's smallest unit. The catalog decides what a
-- partial refund means, so the status does not.
alter table licenses add column refunded_amount integer not null default 0;

-- When the charge was made: a plan's duration counts from then; 0: created_at.
alter table licenses add column paid_at integer not null default 0;
