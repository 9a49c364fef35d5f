package pgstore

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// whole lists statements that may read a whole index.
var whole = map[string]string{
	"SelectIgnored": "Forget reads all ignored events of a source",
	"EventTally":    "of what is open, by a partial index",
	"Backlog":       "of what is pending or ended badly, by partial indexes",
	"CountOpen":     "of at most as many open events as it counts",
	"EventsOpen":    "of at most as many open events as CountOpen allows",
	"EventNumbers":  "the first and the last entry of an index",
	"DeletionTally": "of what is being deleted, by a partial index",
	"ProblemTally":  "of the accounts with problems, by a partial index, up to the most that it counts",
}

// A connection keeps the plan that it made on an empty database while its tables fill, until
// autovacuum notices.
func TestPlansOfEmptyTablesDoNotScan(t *testing.T) {
	t.Parallel()
	statements := statementsOf(t)
	for must := range whole {
		if statements[must] == "" {
			t.Errorf("statement %s is not there", must)
		}
	}
	for _, vacuumed := range []bool{false, true} {
		url := pgtest.Empty(t)
		store, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
		settings := []string{"set plan_cache_mode = force_generic_plan", "set enable_seqscan = off"} // as in our transactions
		if vacuumed {
			settings = append(settings, "vacuum analyze")
		}
		for _, s := range settings {
			if _, err := conn.Exec(t.Context(), s, pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(statements)) {
			if whole[name] != "" || scans[name] != "" {
				continue
			}
			if vacuumed && name != "InsertEvent batch" {
				continue // every delivery waits for InsertEvent; others may read a table that is known to be empty
			}
			p := plan(t, conn, name, statements[name])
			if found := unconditional(p); found != "" {
				t.Errorf("%s, vacuumed %t: %s\n%s", name, vacuumed, found, p[:min(len(p), 3000)])
			}
		}
	}
}

// indexScan matches a scan of an index of a growing table, except the bodies, which are found by
// their event.
var indexScan = regexp.MustCompile(`Index (Only )?Scan (using|on) (accounts|former_customers|subscriptions|subscription_items|licenses|license_items|notices|mails|roster|` +
	`access_told|hook_deliveries|purchases|assignments|changes|work|work_waits|events)_[a-z_]+( |$)`)

// unconditional returns the first step of a plan that reads a table or an index without a
// condition.
func unconditional(plan string) string {
	if found := growing.FindString(plan); found != "" {
		return found
	}
	lines := strings.Split(plan, "\n")
	for i, line := range lines {
		if indexScan.MatchString(line) && (i+1 == len(lines) || !strings.Contains(lines[i+1], "Index Cond")) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
