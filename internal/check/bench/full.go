package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ingestFull measures whether the cost of a delivery grows with what is stored. Both databases get events about
// equally many customers; in the full one all customers are linked and synced.
func ingestFull(ctx context.Context, b *bench) (err error) {
	full, drop, err := b.databases.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	if err := b.fill(ctx, full, 0); err != nil {
		return err
	}
	l := b.load(64)
	var onFull, onEmpty []Figures
	for range b.Rounds {
		f, err := b.fresh(ctx, lockstepPostgres, l, b.Accounts)
		if err != nil {
			return err
		}
		onEmpty = append(onEmpty, f)
		if f, err = b.delivered(ctx, lockstepPostgres, full, l, b.Accounts); err != nil {
			return err
		}
		onFull = append(onFull, f)
	}
	in := fmt.Sprintf("c=64, %d events", b.Events)
	b.report.add(Result{Scenario: "ingest-full", Case: "c=64", Target: "empty", Rounds: onEmpty})
	b.report.add(Result{Scenario: "ingest-full", Case: in, Target: "full", Rounds: onFull,
		Ratio: map[string]float64{"empty": ratios(onFull, onEmpty, rate)}})
	return nil
}

// accessFull measures how long new buyers wait while renewals are queued, alternately on a small database and on a
// full one. Buyers have an account and a customer and nothing else. On the full database everyone else has a
// subscription, those who renew included.
func accessFull(ctx context.Context, b *bench) (err error) {
	n := b.buyers()
	if need := b.Rounds*n + b.Backlog; need > b.Accounts {
		return fmt.Errorf("%d buyers in each of %d rounds and %d renewals need %d accounts", n, b.Rounds, b.Backlog, need)
	}
	full, drop, err := b.databases.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	if err := b.fill(ctx, full, b.Rounds*n); err != nil {
		return err
	}
	working := target{"lockstep postgres", "working", "postgres"}
	var onFull, onSmall []Figures
	for round := range b.Rounds {
		f, err := b.checkouts(ctx, working, b.Backlog)
		if err != nil {
			return fmt.Errorf("on a small database: %w", err)
		}
		onSmall = append(onSmall, f)
		if err := mark(ctx, working.store, full, renewals(b.Rounds*n, b.Backlog)); err != nil {
			return err
		}
		if f, err = b.bought(ctx, working, full, round*n, b.Backlog > 0); err != nil {
			return fmt.Errorf("on a full database: %w", err)
		}
		onFull = append(onFull, f)
	}
	in := fmt.Sprintf("%.0f/s, %d waiting", b.Checkouts, b.Backlog)
	b.report.add(Result{Scenario: "access-full", Case: in, Target: "small", Rounds: onSmall,
		Notes: []string{providersAllow}})
	b.report.add(Result{Scenario: "access-full", Case: in, Target: "full", Rounds: onFull,
		Notes: []string{fmt.Sprintf("%d events, %d accounts", b.Events, b.Accounts)}})
	return nil
}

// fill stores events and accounts in an empty database, with our schema but without our code, because ten million
// deliveries would take an hour. Events are spread over the last 30 days. The accounts from first on have a
// subscription that is paid until now.
func (b *bench) fill(ctx context.Context, at string, first int) error {
	began := time.Now()
	if err := populate(ctx, "postgres", at, b.Accounts, waiting{}); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	for _, step := range b.fillSteps(first) {
		if err := execute(ctx, at, step); err != nil {
			return fmt.Errorf("fill: %.60s…: %w", step, err)
		}
	}
	fmt.Printf("  stored %d events and %d accounts in %s\n", b.Events, b.Accounts,
		time.Since(began).Round(time.Second))
	return nil
}

// fillSteps are the statements of fill.
func (b *bench) fillSteps(first int) []string {
	return []string{
		// Creating the indexes afterwards is far faster.
		`create table bench_indexes as select indexname, indexdef from pg_indexes i where tablename = 'events' and schemaname = current_schema()
			and not exists (select 1 from pg_constraint c where c.conname = i.indexname)`,
		`do $$ declare i record; begin for i in select * from bench_indexes loop execute 'drop index ' || i.indexname; end loop; end $$`,
		`insert into work (key, scope, priority, generation, done_generation, run_at, disposition)
			select 'user/' || id, 0, 1, 10, 10, 1, 'done' from accounts`,
		"insert into changes (kind, id, seq) select kind, id, row_number() over (order by id) from accounts",
		fmt.Sprintf("update change_count set seq = %d", b.Accounts),
		fmt.Sprintf(`insert into subscriptions (id, account_kind, account_id, customer_id, status, cancel_at_period_end, cancel_at, canceled_at, ended_at, trial_end, created_at, paid_by)
			select 'sub_' || customer_id, kind, id, customer_id, 'active', 0, 0, 0, 0, 0, 1, '' from accounts
				where id >= 'user_%s'`, customerID(first)),
		`insert into subscription_items (subscription_id, id, price_id, lookup_key, product_id, product_plan, quantity, period_start, period_end)
			select id, 'si_' || customer_id, 'price_pro', 'pro', 'prod_pro', '', 1, ms - 2592000000, ms
			from subscriptions, cast(extract(epoch from now()) * 1000 as bigint) as ms`,
		fmt.Sprintf(`insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key, generation, status, reason)
			select 'stripe', 'evt_0' || lpad(n::text, 10, '0') || md5(n::text), 'customer.subscription.updated', 'webhook',
				'sub_' || md5(n::text), 'cus_Bench' || who,
				'2026-08-26.dahlia', at, at, 'user/user_Bench' || who, 1, 'done', ''
			from (select n, lpad((hashint8(n) & 2147483647) %% %[2]d::bigint || '', 9, '0') as who,
				cast(extract(epoch from now()) * 1000 as bigint) - 2592000000 + n * 2592000000 / %[1]d as at
					from generate_series(1::bigint, %[1]d) n) as e`, b.Events, b.Accounts),
		`insert into event_bodies (slot, seq, body) select received_at / 604800000 % 64, seq, decode(md5(id) || md5(object_id), 'hex') from events`,
		`do $$ declare i record; begin for i in select * from bench_indexes loop execute i.indexdef; end loop; end $$`,
		"drop table bench_indexes",
		"vacuum analyze",
	}
}
