-- +goose Up
set local lock_timeout = '2s';

-- An account's customers beside the primary one. The table used to hold only customers that
-- Stripe had deleted; its name is kept because older replicas read it too. trust: 'claimed' rests
-- on a client_reference_id alone. linked_at: milliseconds UTC.
alter table former_customers add column trust text not null default 'proven' check (trust in ('proven', 'claimed'));
alter table former_customers add column deleted bigint not null default 1;
alter table former_customers add column linked_at bigint not null default 0;
-- An account's further customers, the oldest link first.
drop index former_customers_of_account;
create index former_customers_of_account on former_customers (kind, id, linked_at, customer_id);
