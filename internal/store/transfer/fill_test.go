package transfer

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// fill is a business with something in every table and column.
const fill = `
insert into accounts (kind, id, state, email, name, identity_updated_at, customer_id, customer_email,
	customer_name, customer_deleted,
	customer_generation, intent_key, intent_email, intent_name, intent_at, projected, sighted_round, linked_seq,
		entitled_by, deletion, deletion_at,
	paced_until, members, member_limit, entitlements, problems, deletion_refused, email_verified, departed,
		created_at, updated_at,
	instance_generation, missing_since, candidate, misnamed, status, plan, concern, concern_why, concern_since)
with n(n) as (select 1 union all select n + 1 from n where n < 7)
select case when n < 4 then 'organization' else 'user' end, 'a_' || n, 'active', n || '@example.com', 'Ä' || n,
	100 + n, case when n < 6 then 'cus_' || n end,
	'c' || n, 'd' || n, n % 2, n, case when n = 2 then 'k' end, 'e' || n, 'f' || n, 200 + n,
		case when n < 5 then '{"plan":"p"}' end, 300 + n, n,
	'g' || n, case when n = 3 then 'held' else '' end, n, 600 + n, 10 + n, 20 + n, '["x"]', '[{"step":"metadata"}]', n % 2, n % 2, '["user_1"]', 400 + n, 500 + n,
	n % 3, 700 + n, 'user_' || n, n % 2, 'active', 'p' || n, 'payer_without_access', 'plan_unlisted', 800 + n from n;
insert into former_customers select 'old_' || id, kind, id, 'claimed', 0, 5 from accounts;
insert into subscriptions (id, account_kind, account_id, customer_id, status, cancel_at_period_end, cancel_at,
	canceled_at, ended_at, trial_end, created_at, paid_by,
	unpaid_since, plan_named, tried_at) select 'sub_' || id, kind, id, 'cus', 'active', 1, 2, 3, 4, 5, 6, 'user/x', 7,
		'team', 8 from accounts;
insert into subscription_items select id, 'si_' || n.v, 'price', 'lk', 'prod', 'plan', n.v, 7, 8, '["lk","old"]', 'lk', '["other"]' from subscriptions, (select 1 as v union select 2) n;
insert into licenses (id, account_kind, account_id, payment_id, amount, currency, status, created_at,
	refunded_amount, paid_at, plan_named)
	select 'cs_' || id, kind, id, 'pi_' || id, 9007199254740993, 'usd', 'active', 1, 2, 3, 'team' from accounts;
insert into license_items select id, 'li', 'price', 'lk', 'prod', 'plan', 1, 7, 8, '["lk"]', 'lk', '["other"]'
	from licenses;
insert into price_names values ('price', 'lk', 'prod', 'Plan', 9), ('price', 'old', 'prod', '', 8);
insert into notices (id, kind, account_kind, account_id, object, created_at, facts,
	account_generation) select 'n_' || id, 'payment', kind, id, 'o', 4, '{"a":1}', 5 from accounts;
insert into mails select id, 'sent', 'r', 1, 2, 3, 4 from notices;
insert into buyer_mails select id, 'skipped', 'r', 1, 2, 3, 4 from notices;
insert into roster select kind, id, 'e', 'n', '{}', 5, 6 from accounts;
insert into access_told select kind, id, 'd', 7, 8 from accounts;
insert into hook_deliveries select 'app', id, 'held', 500, 'r', 1, 2, 3, 4 from notices;
insert into hook_endpoints values ('app', 1, 2, 'r');
insert into purchases select kind, id, 'secret', 99999999999999, 3, 'f', 1, 4 from accounts;
insert into assignments select 'customer/' || id, kind, id, 9 from accounts;
insert into instances values ('clerk', 'ins_1', 2, 'd', 3, 'ins_2', 4);
insert into successions select kind, 'before_' || id, id, 5 from accounts;
insert into changes select kind, id, rowid from (select kind, id, row_number() over () as rowid from accounts);
insert into cursors values ('events', '{"since":1}'), ('users', '{}');
insert into backfill_identities select kind, id, email, 'slug', '{}' from accounts;
insert into backfill_customers select 'cus_' || id, email, '{}', 'linked', kind, id, 2, 'proven' from accounts;
insert into backfill_objects select 'cus_' || id, 'sub_' || id, '{}' from accounts;
insert into backfill_payments select 'cs_' || id, 'cus_' || id, kind, id from accounts;
insert into backfill_claims select 'ambiguous', 'cus_' || id, kind, id from accounts;
insert into api_keys values ('abc', 'web', 'read,check', 1, 0, 3), ('def', 'web', 'read', 1, 2, 3);
insert into audit (request, at, actor, action, subject, account_kind, account_id, result, failure, reason, was, became)
	select 'r', 7, 'key/web', 'link', 'customer/cus_1', kind, id, 'failed', '409 Conflict', 'why', '{"a":1}', '{"a":2}'
	from accounts;
insert into work_waits select 'customer/' || id, 'user/' || id from accounts;
insert into work (key, scope, priority, generation, done_generation, run_at, lease_until, lease_token,
	claimed_generation, claimed_scope, claimed_priority,
	attempts, disposition, reason, claimed_seq, quiet_until, gathers, run_number, run_same, run_last, run_digest)
	select 'user/' || id, 1, 2, 5, 4, 1, 99999999999999, 'secret', 5, 8, 1, 2, 'retry', 'because', 6, 7, 0, 11, 8, 9, -10
	from accounts;
insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key,
	generation, status, reason, body)
with n(n) as (select 1 union all select n + 1 from n where n < 20)
select case when n % 2 then 'stripe' else 'clerk' end, 'evt_' || n, 't', 'webhook', 'o', 'c', 'v', n,
	1700000000000 + n * 300000000,
	case when n > 3 then 'user/a_4' end, n, case when n < 4 then 'ignored' when n < 8 then 'parked'
		when n < 10 then 'pending' else 'done' end, 'r',
	case when n = 12 then x'' else cast('{"n":' || n || '}' || char(0, 233) as blob) end from n;
insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key,
	generation, status, reason, body)
	values ('stripe', 'evt_odd', 'a' || char(0) || 'b', 'scan', cast(x'41FF42' as text), '', '', 0, 5, null, 0,
		'ignored', '', x'00');
insert into runs select n, 'user/a_' || (n % 3), n / 3 + 1, 10 + n, 30 + n, 4, 5, 2, 'retry', 'because',
	'stripe/evt_1 clerk/msg_1', 2, 'stripe 3', '{"unlisted":1}', 7, 20 + n from (select 1 as n union select 2 union select 3);
insert into statistics select 60000, 60000 * n, 'queue.due', 0, n, 10 * n, 5 from (select 1 as n union select 2);
insert into trials values ('abc', 5), ('def', 6);
update change_count set seq = 4711;
update brake set since = 12, consulted = 13;
insert into heartbeat values (1, 5);
delete from events where seq = 15;
`

// business is the file of a business, sealed by nobody.
func business(t *testing.T) (path string, db *sql.DB) {
	t.Helper()
	path = sqlitetest.Path(t)
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	if db, err = sqlitestore.OpenDB(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	closing(t, db)
	if _, err := db.Exec(fill); err != nil {
		t.Fatal(err)
	}
	return path, db
}

func closing(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// connect connects to the target as the command does.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgstore.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func config(source *sql.DB, target *pgx.Conn) Config {
	return Config{Source: source, Target: target, Rows: 4, Log: slog.New(slog.DiscardHandler)}
}

// rowsOf spells the rows of a query on either side, in its order.
func sourceRows(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, spelled(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func targetRows(t *testing.T, conn *pgx.Conn, query string) (all []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, spelled(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

func spelled(values []any) string {
	text := ""
	for _, v := range values {
		if b, is := v.([]byte); is {
			v = fmt.Sprintf("%x", b)
		}
		text += fmt.Sprintf("%v|", v)
	}
	return text
}
