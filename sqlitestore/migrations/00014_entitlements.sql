-- +goose Up

-- The lookup keys of the features that Stripe's entitlements gave the customer when they
-- were last read: a JSON list, sorted; empty: they were not read.
alter table accounts add column entitlements text not null default '';
