package main

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// few returns a bench so small that its figures mean nothing, but which takes every step.
func few(t *testing.T) *bench {
	t.Helper()
	b := &bench{report: newReport(settings{}), settings: settings{Rounds: 2, Events: 500, Accounts: 40, Backlog: 5,
		Checkouts: 20, For: 200 * time.Millisecond, targets: regexp.MustCompile(""), dir: t.TempDir()}}
	b.databases.server = pgtest.Server(t)
	return b
}

// value returns the result of a query.
func value(t *testing.T, at, statement string) (v string) {
	t.Helper()
	if err := query(t.Context(), at, "select cast(("+statement+") as text)", &v); err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	indexes = "select string_agg(indexdef, ' ' order by indexname) from pg_indexes where schemaname = 'public'"
	pending = "select count(*) from work where generation > done_generation and key like 'user/%'"
)

func TestAFilledDatabaseHasOurSchema(t *testing.T) {
	t.Parallel()
	b := few(t)
	ours, full := pgtest.Empty(t), pgtest.Empty(t)
	if err := populate(t.Context(), "postgres", ours, 1, waiting{}); err != nil {
		t.Fatal(err)
	}
	if err := b.fill(t.Context(), full, 4); err != nil {
		t.Fatal(err)
	}
	if has, want := value(t, full, indexes), value(t, ours, indexes); has != want {
		t.Errorf("indexes are\n%s\nwant\n%s", has, want)
	}
	for statement, want := range map[string]string{
		"select count(*) from events":                                                                     "500",
		"select count(*) from events e join event_bodies b on b.seq = e.seq":                              "500",
		"select count(*) from events where key is distinct from replace(customer_id, 'cus', 'user/user')": "0",
		pending:                                     "0",
		"select count(*) from work":                 "42",
		"select count(*) from accounts":             "40",
		"select count(*) from subscriptions":        "36",
		"select min(account_id) from subscriptions": "user_Bench000000004",
		"select count(*) from subscription_items":   "36",
		"select max(seq) from changes":              "40",
		"select seq from change_count":              "40",
	} {
		if has := value(t, full, statement); has != want {
			t.Errorf("%s: got %s, want %s", statement, has, want)
		}
	}
}

func TestBuyersAndRenewalsAreInTheFullDatabase(t *testing.T) {
	t.Parallel()
	b := few(t)
	full := pgtest.Empty(t)
	if err := b.fill(t.Context(), full, 2*b.buyers()); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		if err := mark(t.Context(), "postgres", full, renewals(2*b.buyers(), b.Backlog)); err != nil {
			t.Fatal(err)
		}
		if has := value(t, full, pending); has != "5" {
			t.Fatalf("%s accounts are queued, want 5", has)
		}
		run, err := b.working(t.Context(), target{role: "working", store: "postgres"}, work{1000, 1000, 4}, full)
		if err != nil {
			t.Fatal(err)
		}
		took, err := b.buy(t.Context(), run, round*b.buyers())
		if err != nil {
			t.Fatal(err)
		}
		if len(took) != 4 {
			t.Errorf("%d accounts have bought, want 4", len(took))
		}
		for end := time.Now().Add(time.Minute); value(t, full, pending) != "0"; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s accounts are still queued", value(t, full, pending))
			}
		}
		if err := run.close(); err != nil {
			t.Error(err)
		}
		const paid = "select count(*) from subscriptions s join subscription_items i on i.subscription_id = s.id where i.period_end > extract(epoch from now()) * 1000"
		for statement, want := range map[string]int{
			"select count(*) from events":        500 + 4*5*(round+1),
			"select count(*) from subscriptions": 32 + 4*(round+1),
			paid:                                 5 + 4*(round+1), // renewals, and buyers
			"select count(*) from accounts":      40,
			fmt.Sprintf("select count(*) from work where key between 'user/user_Bench000000008' and 'user/user_Bench000000012' and done_generation = %d", 11+round): 5,
		} {
			if has := value(t, full, statement); has != fmt.Sprint(want) {
				t.Errorf("%s: got %s, want %d", statement, has, want)
			}
		}
	}
}

func TestAFullDatabaseIsComparedWithASmallOne(t *testing.T) {
	t.Parallel()
	b := few(t)
	if err := accessFull(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if len(b.report.Results) != 2 {
		t.Fatalf("results are %+v", b.report.Results)
	}
	for i, name := range []string{"small", "full"} {
		r := b.report.Results[i]
		if r.Target != name || len(r.Rounds) != 2 {
			t.Errorf("result %d is %+v", i, r)
		}
		for _, f := range r.Rounds {
			_, counted := f.More["renewals per second meanwhile"]
			// Access takes at least two calls to providers.
			if f.Rate != 20 || f.P50 < 40 || f.P99 < f.P50 || f.P999 < f.P99 || f.Memory <= 0 || f.CPU < 0 || !counted {
				t.Errorf("figures of %s are %+v", name, f)
			}
		}
	}
	b.Accounts = 12 // one too few
	if err := accessFull(t.Context(), b); err == nil {
		t.Error("no error, although some accounts would have to buy twice")
	}
}
