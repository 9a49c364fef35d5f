-- +goose Up

-- The customers that an account had before: to forget what they said.
create index former_customers_of_account on former_customers (kind, id);
