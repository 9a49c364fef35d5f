package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func openStore(ctx context.Context, kind, at string) (lockstep.Store, error) {
	if kind == "postgres" {
		return pgstore.Open(ctx, at)
	}
	return sqlitestore.Open(ctx, at)
}

// waiting are queued accounts: those from first on.
type waiting struct {
	first, accounts int
	scope           lockstep.Scope
	priority        lockstep.Priority
}

// populate creates the schema and stores accounts that are linked to customers. It queues some of them.
func populate(ctx context.Context, kind, at string, accounts int, w waiting) error {
	store, err := openStore(ctx, kind, at)
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		return err
	}
	numbers, name := numbered(kind, 0, accounts)
	err = run(ctx, kind, at,
		"insert into accounts (kind, id, state, email, name, identity_updated_at, customer_id, customer_email, customer_name, created_at, updated_at) "+
			numbers+" select 'user', 'user_Bench' || "+name+", 'active', 'ada@example.com', 'Ada Lovelace', 1, 'cus_Bench' || "+name+", 'ada@example.com', 'Ada Lovelace', 1, 1 from n where true",
		// A full verify, which a new server would start at once, is put off. A past event scan shows that this is not
		// a first start, so no backfill runs.
		"insert into work (key, scope, priority, generation, run_at) values ('sweep/accounts', 0, 2, 1, 4000000000000), ('sweep/events', 0, 2, 1, 1)")
	if err == nil {
		err = mark(ctx, kind, at, w)
	}
	if err == nil && kind == "postgres" {
		err = run(ctx, kind, at, "vacuum analyze accounts, work")
	}
	return err
}

// mark queues accounts as deliveries would.
func mark(ctx context.Context, kind, at string, w waiting) error {
	if w.accounts == 0 {
		return nil
	}
	numbers, name := numbered(kind, w.first, w.accounts)
	return run(ctx, kind, at, "insert into work (key, scope, priority, generation, run_at) "+
		numbers+" select 'user/user_Bench' || "+name+fmt.Sprintf(", %d, %d, 1, 1 from n where true", w.scope, w.priority)+
		" on conflict (key) do update set scope = excluded.scope, priority = excluded.priority, generation = work.generation + 1, run_at = 1")
}

// numbered returns SQL for a table n of n numbers, from first on, and an expression for the customer of a number.
func numbered(kind string, first, n int) (with, name string) {
	if kind == "postgres" {
		return fmt.Sprintf("with n (n) as (select generate_series(%d, %d))", first, first+n-1),
			"lpad(cast(n as text), 9, '0')"
	}
	return fmt.Sprintf("with recursive n (n) as (select %d union all select n + 1 from n where n < %d)", first,
		first+n-1), "printf('%09d', n)"
}

// run executes statements one after the other.
func run(ctx context.Context, kind, at string, statements ...string) (err error) {
	driver := "pgx"
	if kind == "sqlite" {
		driver, at = kind, "file:"+at+"?_pragma=busy_timeout(30000)" // another process may be writing
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.60s…: %w", statement, err)
		}
	}
	return nil
}

// populated creates a database and populates it.
func (b *bench) populated(ctx context.Context, kind string, accounts int,
	w waiting) (at string, drop func() error, err error) {
	if at, drop, err = b.database(ctx, kind); err != nil {
		return "", nil, err
	}
	if err := populate(ctx, kind, at, accounts, w); err != nil {
		return "", nil, errors.Join(err, drop())
	}
	return at, drop, nil
}
