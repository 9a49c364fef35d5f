-- +goose Up

-- The lookup keys of the features that Stripe's entitlements last gave the customer: a sorted
-- JSON list; empty: never read.
alter table accounts add column entitlements text not null default '';
