package listing_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// planted opens a store on each database, after statements have filled it.
var planted = map[string]func(t testing.TB, statements []string) lockstep.Store{
	"SQLite": func(t testing.TB, statements []string) lockstep.Store {
		path := sqlitetest.Path(t)
		closeStore(t, opened(sqlitestore.Open(t.Context(), path))(t))
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		closeStore(t, db)
		return opened(sqlitestore.Open(t.Context(), path))(t)
	},
	"PostgreSQL": func(t testing.TB, statements []string) lockstep.Store {
		url := pgtest.Empty(t)
		closeStore(t, opened(pgstore.Open(t.Context(), url))(t))
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(statements, "analyze") {
			if _, err := conn.Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return opened(pgstore.Open(t.Context(), url))(t)
	},
}

// opened returns a store that is open.
func opened[S lockstep.Store](store S, err error) func(testing.TB) lockstep.Store {
	return func(t testing.TB) lockstep.Store {
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
}

func closeStore(t testing.TB, c interface{ Close() error }) {
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// business returns the statements that store n accounts: one in 50 an organization, one in 20 deleted, one in 100
// past due in its grace, one in 5,000 a payer without access, one in 1,000 with a problem. Most of the others pay.
func business(n int) []string {
	series := fmt.Sprintf("with recursive n(n) as (select 1 union all select n + 1 from n where n < %d) ", n)
	return []string{`
insert into accounts (kind, id, state, email, name, identity_updated_at, customer_id, status, plan, concern,
	concern_why, concern_since, problems, deletion, deletion_at, created_at, updated_at) ` + series + `
select case when n % 50 = 0 then 'organization' else 'user' end, 'id_' || substr('0000000' || n, -8, 8),
	case when n % 20 = 1 then 'deleted' else 'active' end,
	case when n % 20 = 1 then '' else 'Buyer' || n || '@Example' || (n % 1000) || '.com' end,
	'Buyer ' || n, n, 'cus_' || n,
	case when n % 100 = 2 then 'past_due' when n % 3 = 0 then 'none' else 'active' end,
	case when n % 3 = 0 then '' when n % 10 = 0 then 'team' else 'pro' end,
	case when n % 100 = 2 then 'access_without_payment' when n % 5000 = 7 then 'payer_without_access' else '' end,
	case when n % 100 = 2 then 'in_grace' when n % 5000 = 7 then 'plan_unlisted' else '' end,
	case when n % 100 = 2 or n % 5000 = 7 then n else 0 end,
	case when n % 1000 = 3 then '[{"step":"metadata"}]' else '' end,
	case when n % 10000 = 4 then 'held' else '' end, n, n, n from n`,
		`insert into former_customers (customer_id, kind, id) select 'old_' || customer_id, kind, id from accounts where id like '%1'`,
		`insert into subscriptions (id, account_kind, account_id, customer_id, status, cancel_at_period_end, cancel_at,
	canceled_at, ended_at, trial_end, created_at, paid_by)
select 'sub_' || customer_id, kind, id, customer_id, 'active', 0, 0, 0, 0, 0, 1, ''
from accounts where status <> 'none'`,
		`insert into licenses (id, account_kind, account_id, payment_id, amount, currency, status, created_at)
select 'cs_' || customer_id, kind, id, 'pi_' || customer_id, 1, 'usd', 'active', 1 from accounts where id like '%7'`}
}

// postgres rewrites a statement for PostgreSQL, whose substr counts no characters from the end.
func postgres(statement string) string {
	return strings.ReplaceAll(statement, "substr('0000000' || n, -8, 8)", "lpad(cast(n as text), 8, '0')")
}

// plantedWith opens a store on a database that holds n accounts, and more.
func plantedWith(t testing.TB, database string, n int, more ...string) lockstep.Store {
	statements := append(business(n), more...)
	if database == "PostgreSQL" {
		for i := range statements {
			statements[i] = postgres(statements[i])
		}
	}
	store := planted[database](t, statements)
	t.Cleanup(func() { closeStore(t, store) })
	return store
}
