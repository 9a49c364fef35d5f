package listing_test

import (
	"database/sql"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/listing"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func closeAfter(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// plans says which index each statement must use on SQLite. Package pgstore has the same test for PostgreSQL.
var plans = []struct {
	name, statement string
	uses            []string
}{
	{"EventsByNumber", listing.EventsByNumber, []string{"INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
	{"LookedAt", listing.LookedAt, []string{"INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
	{"EventsOfKey", listing.EventsOfKey, []string{"events_open (key=? AND status=? AND seq>? AND seq<?)",
		"events_of_key (key=? AND seq>? AND seq<?)"}},
	{"EventsOpen", listing.EventsOpen, []string{"USING INDEX events_open"}},
	{"CountOpen", listing.CountOpen, []string{"events_open"}},
	{"EventFrom", listing.EventFrom, []string{"INTEGER PRIMARY KEY (rowid>?)"}},
	{"EventByID", listing.EventByID, []string{"sqlite_autoindex_events_1 (source=? AND id=?)"}},
	{"BodyOfEvent", listing.BodyOfEvent, []string{"INTEGER PRIMARY KEY (rowid=?)"}},
	{"WorkEnded", listing.WorkEnded, []string{"work_ended (key>? AND key<?)"}},
	{"WorkPending", listing.WorkPending, []string{"work_due (priority=? AND (due_at,key)>(?,?))"}},
	{"WorkOf", listing.WorkOf, []string{"PRIMARY KEY (key=?)"}},
	{"RunsOf", listing.RunsOf, []string{"runs_of_key (key=?)"}},
	{"RunKeys", listing.RunKeys, nil},
	{"EventTally", listing.EventTally, []string{"events_open"}},
	{"DeletionTally", listing.DeletionTally, []string{"accounts_deletion"}},
	{"RefusedDeletions", listing.RefusedDeletions, []string{"accounts_deletion_refused"}},
	{"Troubled", listing.Troubled, []string{"accounts_problems"}},
	{"Audit", listing.Audit, []string{"INTEGER PRIMARY KEY (rowid<?)"}},
	{"AuditOfAccount", listing.AuditOfAccount, []string{"audit_of_account (account_kind=? AND account_id=? AND seq<?)"}},
	{"Pulse", listing.Pulse, []string{"SEARCH events", "SEARCH runs", "SEARCH audit"}},
	{"NoticesByTime", listing.NoticesByTime, []string{"notices_by_time ((created_at,id)<(?,?))"}},
	{"NoticesOfAccount", listing.NoticesOfAccount,
		[]string{"notices_of_account (account_kind=? AND account_id=? AND (created_at,id)<(?,?))"}},
	{"EmailsOf", listing.EmailsOf, []string{"m USING PRIMARY KEY (notice_id=?)", "b USING PRIMARY KEY (notice_id=?)",
		"w USING PRIMARY KEY (key=?)"}},
	{"DeliveriesTo", listing.DeliveriesTo, []string{"hook_deliveries_by_time (endpoint=? AND (at,subject)<(?,?))"}},
	{"OpenSince", listing.OpenSince, []string{"events_open (key=? AND status=?)"}},
	{"AccountsByKey", listing.AccountsByKey, []string{"PRIMARY KEY ((kind,id)>(?,?))"}},
	{"AccountsByStatus", listing.AccountsByStatus,
		[]string{"accounts_by_status ((status,kind,id)>(?,?,?) AND status<?)"}},
	{"AccountsByPlan", listing.AccountsByPlan,
		[]string{"accounts_by_plan ((plan,kind,id)>(?,?,?) AND plan<?)"}},
	{"AccountsWithProblems", listing.AccountsWithProblems, []string{"accounts_problems"}},
	{"AccountsOfConcern", listing.AccountsOfConcern, []string{"accounts_of_concern"}},
	{"AccountsByEmail", listing.AccountsByEmail("lower(email)"), []string{"accounts_by_folded_email (<expr>>? AND <expr><?)"}},
	{"AccountOfPrimary", listing.AccountOfPrimary, []string{"(customer_id=?)"}},
	{"AccountOfFurther", listing.AccountOfFurther, []string{"PRIMARY KEY (customer_id=?)", "(kind=? AND id=?)"}},
	{"AccountOfSubscription", listing.AccountOfSubscription, []string{"PRIMARY KEY (id=?)", "(kind=? AND id=?)"}},
	{"AccountOfLicense", listing.AccountOfLicense, []string{"PRIMARY KEY (id=?)", "(kind=? AND id=?)"}},
	{"AccountOfPayment", listing.AccountOfPayment, []string{"licenses_of_payment (payment_id=?)", "(kind=? AND id=?)"}},
	{"ConcernTally", listing.ConcernTally, []string{"COVERING INDEX accounts_of_concern (concern=?)"}},
	{"UnclassifiedTally", listing.UnclassifiedTally, []string{"COVERING INDEX accounts_by_status"}},
	{"ProblemTally", listing.ProblemTally, []string{"accounts_problems"}},
	{"HeldTally", listing.HeldTally, []string{"accounts_deletion (deletion=?)"}},
	{"EndedTally", listing.EndedTally, []string{"work_ended (key>? AND key<?)"}},
	{"ParkedSince", listing.ParkedSince, []string{"events_open (key>? AND key<?)"}},
	{"OpenOfKeys", listing.OpenOfKeys, []string{"events_open (key>? AND key<?)"}},
}

// grows matches a scan of a table that grows, also by the aliases of its statements.
var grows = regexp.MustCompile(`^SCAN (events|work|accounts|notices|n|mails|m|buyer_mails|b|hook_deliveries|d)\b`)

// sorting lists the statements that sort what an index found, which is bounded.
var sorting = []string{"EventsOfKey", "EventsOpen", "EventTally", "DeletionTally", "OpenSince", "ConcernTally"}

var parameter = regexp.MustCompile(`\$\d+`)

// TestListsHaveBoundedPlans: no statement reads a table. Backlog is not a list: lockstep doctor counts by it.
func TestListsHaveBoundedPlans(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, db)
	for _, p := range plans {
		plan := explain(t, db, p.statement)
		for _, index := range p.uses {
			if !strings.Contains(plan, index) {
				t.Errorf("%s does not use %s:\n%s", p.name, index, plan)
			}
		}
		if strings.Contains(plan, "TEMP B-TREE") && !slices.Contains(sorting, p.name) {
			t.Errorf("%s sorts:\n%s", p.name, plan)
		}
		for _, step := range strings.Split(plan, "\n") {
			if grows.MatchString(step) && !strings.Contains(step, "INDEX") {
				t.Errorf("%s: %s", p.name, step)
			}
		}
	}
}

func explain(t *testing.T, db *sql.DB, statement string) string {
	t.Helper()
	distinct := map[string]bool{}
	for _, name := range parameter.FindAllString(statement, -1) {
		distinct[name] = true
	}
	rows, err := db.QueryContext(t.Context(), "explain query plan "+statement, make([]any, len(distinct))...)
	if err != nil {
		t.Fatalf("explain %s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(step + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
