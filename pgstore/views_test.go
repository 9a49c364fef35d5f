package pgstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// promised lists the columns of docs/postgresql.md. None may disappear or change its type.
var promised = map[string][]string{
	"accounts": {"kind text", "id text", "state text", "customer_id text", "created_at timestamp with time zone",
		"updated_at timestamp with time zone", "entitled boolean", "entitled_by text", "metadata json"},
	"subscriptions": {"id text", "account_kind text", "account_id text", "customer_id text", "status text",
		"item_id text", "price_id text",
		"lookup_key text", "product_id text", "quantity bigint", "period_start timestamp with time zone",
		"period_end timestamp with time zone",
		"cancels boolean", "cancel_at timestamp with time zone", "ended_at timestamp with time zone",
		"trial_end timestamp with time zone",
		"created_at timestamp with time zone"},
	"licenses": {"id text", "account_kind text", "account_id text", "payment_id text", "status text", "amount bigint",
		"refunded_amount bigint",
		"currency text", "item_id text", "price_id text", "lookup_key text", "product_id text", "quantity bigint",
		"paid_at timestamp with time zone", "created_at timestamp with time zone"},
}

// application is a connection of a role that may only read the views, as in docs/postgresql.md.
func application(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	role := "app_" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		for _, statement := range []string{"reset role", "drop owned by " + role, "drop role " + role} {
			if _, err := conn.Exec(context.Background(), statement); err != nil {
				t.Error(err)
			}
		}
		_ = conn.Close(context.Background())
	})
	for _, statement := range []string{
		"create role " + role,
		"grant usage on schema billing to " + role,
		"grant select on all tables in schema billing to " + role,
		"set role " + role,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func TestTheViewsMatchTheDocumentation(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	store := open(t, url)
	conn := application(t, url)
	for view, want := range promised {
		rows, err := conn.Query(t.Context(), `select a.attname || ' ' || format_type(a.atttypid, a.atttypmod) from pg_attribute a
			where a.attrelid = cast($1 as text)::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
			"billing."+view)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("billing.%s: promised -, there +\n%s", view, diff)
		}
	}
	sell(t, store)
	for statement, want := range map[string][]any{
		"select kind, id, state, customer_id, entitled, entitled_by, metadata->>'plan', created_at > now() - interval '1 hour' from billing.accounts": {
			"organization", "org_acme", "active", "cus_1", true, "sub_1", "pro", true},
		"select kind, entitled, entitled_by, metadata, customer_id from billing.accounts where id = 'user_bob'": {"user",
			false, nil, nil, nil},
		`select id, account_kind, account_id, customer_id, status, item_id, price_id, lookup_key, product_id, quantity, extract(epoch from period_start)::bigint,
			extract(epoch from period_end)::bigint, cancels, cancel_at, ended_at, trial_end, extract(epoch
				from created_at)::bigint from billing.subscriptions`: {
			"sub_1", "organization", "org_acme", "cus_1", "active", "si_1", "price_1", "pro", "prod_1", int64(7),
			int64(1_700_000_000),
			int64(1_702_592_000), true, nil, nil, nil, int64(1_700_000_000)},
		`select id, account_kind, account_id, payment_id, status, amount, refunded_amount, currency, item_id, lookup_key, quantity,
			extract(epoch from paid_at)::bigint from billing.licenses`: {
			"cs_1", "organization", "org_acme", "pi_1", "active", int64(30000), int64(5), "usd", "li_1", nil, int64(1),
			int64(1_700_000_001)},
	} {
		rows, err := conn.Query(t.Context(), statement)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		if !slices.ContainsFunc(got, func(values []any) bool { return cmp.Equal(values, want) }) {
			t.Errorf("%s: %v, want %v", statement, got, want)
		}
	}
	for _, table := range []string{"accounts", "events", "event_bodies", "work"} {
		_, err := conn.Exec(t.Context(), "select from public."+table)
		if pgErr := (*pgconn.PgError)(nil); !errors.As(err, &pgErr) || pgErr.Code != "42501" { // insufficient_privilege
			t.Errorf("the application reads %s: %v", table, err)
		}
	}
}

// sell saves an organization that has bought two things, and a user that has bought nothing.
func sell(t *testing.T, store lockstep.Store) {
	t.Helper()
	ctx := t.Context()
	acme, bob := lockstep.Account{Kind: lockstep.Organization, ID: "org_acme"}, lockstep.Account{Kind: lockstep.User,
		ID: "user_bob"}
	checkout := lockstep.Key{Kind: lockstep.KeyCheckout, ID: "cs_1"}
	if err := store.Mark(ctx, lockstep.Mark{Key: acme.Key()}, lockstep.Mark{Key: bob.Key()},
		lockstep.Mark{Key: checkout}); err != nil {
		t.Fatal(err)
	}
	claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 3, Lease: time.Minute, MaxPriority: lockstep.Background})
	if err != nil || len(claims) != 3 {
		t.Fatal(claims, err)
	}
	of := func(key lockstep.Key) lockstep.Claim {
		return claims[slices.IndexFunc(claims, func(c lockstep.Claim) bool { return c.Key == key })]
	}
	start := time.Unix(1_700_000_000, 0)
	item := lockstep.Item{ID: "si_1", PriceID: "price_1", LookupKey: "pro", ProductID: "prod_1", Quantity: 7,
		PeriodStart: start, PeriodEnd: start.Add(30 * 24 * time.Hour)}
	err = errors.Join(
		store.Save(ctx, of(acme.Key()), lockstep.AccountUpdate{Record: lockstep.Record{Account: acme,
			State:      lockstep.AccountActive,
			CustomerID: "cus_1", EntitledBy: "sub_1",
			Subscriptions: []lockstep.Subscription{{ID: "sub_1", CustomerID: "cus_1", Status: "active", CancelAtPeriodEnd: true,
				CreatedAt: start, Items: []lockstep.Item{item}}}}}),
		store.SaveProjected(ctx, of(acme.Key()), acme, map[string]any{"plan": "pro"}),
		store.Save(ctx, of(bob.Key()), lockstep.AccountUpdate{Record: lockstep.Record{Account: bob,
			State: lockstep.AccountActive}}),
		store.SaveLicense(ctx, of(checkout), lockstep.License{ID: "cs_1", Account: acme, PaymentID: "pi_1",
			Status: lockstep.LicenseActive, Amount: 30000,
			RefundedAmount: 5, Currency: "usd", PaidAt: start.Add(time.Second),
			Items: []lockstep.Item{{ID: "li_1", PriceID: "price_2", ProductID: "prod_2", Quantity: 1}}}, nil))
	if err != nil {
		t.Fatal(err)
	}
}
