package pgstore_test

import (
	"context"
	"flag"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/bucketstest"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/repairtest"
	"github.com/lockstep-dev/lockstep/internal/store/storetest"
	"github.com/lockstep-dev/lockstep/pgstore"
)

func TestMain(m *testing.M) {
	// The tests mostly wait for the server and its disk, so run more of them at once than there are
	// processors.
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	os.Exit(pgtest.Run(m))
}

// The store works the same over pgx's protocol with prepared statements, and over the two without,
// through a pooler that gives every transaction another session.
func TestStore(t *testing.T) {
	t.Parallel()
	for mode, through := range map[string]func(testing.TB) string{
		"cache_statement": pgtest.Server, "simple_protocol": pgtest.Pooler, "exec": pgtest.Pooler} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			server := through(t)
			storetest.Run(t, func(t *testing.T) storetest.Open {
				url := at(t, fresh(t), server) + "?default_query_exec_mode=" + mode
				return func(t *testing.T) lockstep.Store { return open(t, url) }
			})
		})
	}
}

// Operations in many small steps have the same effect as in one.
func TestStoreInSmallSteps(t *testing.T) {
	t.Parallel()
	storetest.RunInSteps(t, func(t *testing.T) storetest.Open {
		url := fresh(t)
		return func(t *testing.T) lockstep.Store { return open(t, url, pgstore.StepRows(storetest.StepRows)) }
	})
}

func TestRepairs(t *testing.T) {
	t.Parallel()
	repairtest.Run(t, func(t *testing.T) lockstep.Store {
		return open(t, fresh(t), pgstore.StepRows(repairtest.StepRows))
	})
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	bucketstest.Run(t, func(t *testing.T) bucketstest.Open {
		url := fresh(t)
		return func(t *testing.T) lockstep.Store { return open(t, url) }
	})
}

// at returns the URL of the same database through another address of its server.
func at(t *testing.T, database, server string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return pgtest.WithDatabase(t, server, strings.TrimPrefix(u.Path, "/"))
}

// tables lists the tables in which tests leave rows.
var tables = strings.Fields(`events event_bodies runs work work_waits former_customers subscription_items subscriptions
	license_items licenses mails buyer_mails notices roster access_told hook_deliveries hook_endpoints purchases
		assignments instances successions changes cursors heartbeat accounts replicas upstream_pauses price_names trials
	backfill_identities backfill_customers backfill_objects backfill_payments backfill_claims
	api_keys console_passes statistics`)

// fresh returns the URL of a database with empty tables.
func fresh(t *testing.T) string {
	t.Helper()
	clean := "update change_count set seq = 0; update brake set since = 0, consulted = 0;" +
		"alter table audit disable trigger user; delete from audit; alter table audit enable trigger user;"
	for _, table := range tables {
		clean += "delete from " + table + ";"
	}
	return pgtest.Fresh(t, func(url string) error {
		store, err := pgstore.Open(context.Background(), url)
		if err != nil {
			return err
		}
		return store.Close()
	}, clean)
}

// open opens the database until the test ends.
func open(t *testing.T, url string, opts ...pgstore.Option) lockstep.Store {
	t.Helper()
	store, err := pgstore.Open(t.Context(), url, append(opts, pgstore.Connections(6))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}
