-- +goose Up

-- The former customers of an account, to forget their events.
create index former_customers_of_account on former_customers (kind, id);
