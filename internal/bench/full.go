package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep/pgstore"
)

// ingestFull measures whether cost grows with what is stored. Both databases get events of
// as many customers; in the full one all of them are linked and have been worked on.
func ingestFull(ctx context.Context, b *bench) (err error) {
	full, drop, err := b.databases.create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	began := time.Now()
	if err := b.fill(ctx, full); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	fmt.Printf("  %d events and %d accounts were stored in %s\n", b.Events, b.Accounts, time.Since(began).Round(time.Second))
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
	b.report.add(Result{Scenario: "ingest-full", Case: in, Target: "full", Rounds: onFull, Ratio: map[string]float64{"empty": ratios(onFull, onEmpty)}})
	return nil
}

// fill stores events and accounts in an empty database, by our schema but not by our code:
// ten million deliveries would take an hour. Events are spread over the last 30 days.
func (b *bench) fill(ctx context.Context, at string) error {
	store, err := pgstore.Open(ctx, at)
	if err != nil {
		return err
	}
	if err := store.Close(); err != nil {
		return err
	}
	for _, step := range []string{
		// Indexes are made afterwards, which is faster by far; triggers are told the sum.
		`create table bench_indexes as select indexname, indexdef from pg_indexes i where tablename = 'events' and schemaname = current_schema()
			and not exists (select 1 from pg_constraint c where c.conname = i.indexname)`,
		`do $$ declare i record; begin for i in select * from bench_indexes loop execute 'drop index ' || i.indexname; end loop; end $$`,
		"alter table events disable trigger user",
		fmt.Sprintf(`insert into accounts (kind, id, state, email, name, identity_updated_at, customer_id, created_at, updated_at)
			select 'user', 'user_Bench' || lpad(n::text, 9, '0'), 'active', 'u' || n || '@example.com', 'Bench ' || n, 0, 'cus_Bench' || lpad(n::text, 9, '0'), 1, 1
			from generate_series(0, %d) n`, b.Accounts-1),
		fmt.Sprintf(`insert into work (key, scope, priority, generation, done_generation, run_at, disposition)
			select 'user/user_Bench' || lpad(n::text, 9, '0'), 0, 1, 10, 10, 1, 'done' from generate_series(0, %d) n`, b.Accounts-1),
		fmt.Sprintf(`insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key, generation, status, reason)
			select 'stripe', 'evt_0' || lpad(n::text, 10, '0') || md5(n::text), 'customer.subscription.updated', 'webhook', 'sub_' || md5(n::text), 'cus_Bench' || who,
				'2026-08-26.dahlia', at, at, 'user/user_Bench' || who, 1, 'done', ''
			from (select n, lpad((hashint8(n) & 2147483647) %% %[2]d::bigint || '', 9, '0') as who,
				cast(extract(epoch from now()) * 1000 as bigint) - 2592000000 + n * 2592000000 / %[1]d as at from generate_series(1::bigint, %[1]d) n) as e`, b.Events, b.Accounts),
		`insert into event_bodies (slot, seq, body) select received_at / 604800000 % 64, seq, decode(md5(id) || md5(object_id), 'hex') from events`,
		`do $$ declare i record; begin for i in select * from bench_indexes loop execute i.indexdef; end loop; end $$`,
		"drop table bench_indexes",
		"alter table events enable trigger user",
		fmt.Sprintf("insert into event_tally (status, part, events) values ('done', 0, %d)", b.Events),
	} {
		if err := execute(ctx, at, step); err != nil {
			return fmt.Errorf("%.60s…: %w", step, err)
		}
	}
	return execute(ctx, at, "vacuum analyze")
}
