package sqlstore_test

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// scans may read all of a table, or sort.
var scans = map[string]string{
	"appendRun":              "of the few open events of one key, by a partial index, and of one row",
	"InsertEvent":            "of the one row that it inserts",
	"UpsertMark":             "the same",
	"pruneReplicas":          "a row for each process",
	"countReplicas":          "the same",
	"prunePauses":            "a row for each endpoint that was refused, for as long as that lasts",
	"selectPauses":           "the same",
	"selectHeld":             "a row that says whether there is one",
	"hasRunning":             "a row that says whether there is one",
	"countLinked":            "of at most as many as make the brake's share meaningless",
	"selectHeldPrices":       "what the doctor asks: all that is held, grouped by price",
	"selectPriceNames":       "of the few names of one price",
	"upsertPriceName":        "of the few names of one price",
	"ClaimDue":               "sorts at most three times as many keys as it claims",
	"selectNextDue":          "of at most three rows, each found by an index",
	"selectOpenTypes":        "of at most as many open events of a key as it looks at",
	"selectLinkedSince":      "of a list of at most three rows, each found by an index",
	"selectStagedCustomers":  "of a page",
	"countStagedEmail":       "of at most two",
	"selectClaimsOf":         "sorts the customers that one account could have",
	"selectValidAPIKeys":     "of the few keys that operators create",
	"selectRevokedAPIKeys":   "the same",
	"deleteStagedIdentities": "of as many as are deleted",
	"deleteStagedCustomers":  "of as many as are deleted",
	"deleteStagedObjects":    "of as many as are deleted",
	"deleteStagedPayments":   "of as many as are deleted",
}

// TestStatementsDoNotScan explains every statement of the package on SQLite: none
// may read or sort a table that grows.
func TestStatementsDoNotScan(t *testing.T) {
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
	statements := statementsOf(t)
	for _, must := range []string{"InsertEvent", "ClaimDue", "selectLinked", "UpsertMark", "settleEvents"} {
		if statements[must] == "" {
			t.Errorf("statement %s is not there", must)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(statements)) {
		plan := explain(t, db, statements[name])
		if _, allowed := scans[name]; allowed {
			continue
		}
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s\n%s", name, step, strings.Join(plan, "\n"))
			}
		}
	}
	for name, index := range map[string]string{
		"ClaimDue":               "work_due (priority=? AND due_at<?)",
		"selectNextDue":          "work_due (priority=?)",
		"settleEvents":           "events_open (key=? AND status=?)",
		"settleDropped":          "events_open (key=? AND status=?)",
		"selectOpenTypes":        "events_open (key=? AND status=?)",
		"moveEvents":             "events_open (key=? AND status=?)",
		"SelectIgnored":          "events_ignored (source=?)",
		"ExpireBodies":           "events_bodied (received_at<?)",
		"selectPageEnd":          "INTEGER PRIMARY KEY (rowid>?)",
		"expireEvents":           "INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
		"forgetRuns":             "runs_of_key (key=?)",
		"selectRunPageEnd":       "INTEGER PRIMARY KEY (rowid>?)",
		"expireRuns":             "INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
		"countBegun":             "accounts_deletion (deletion=? AND deletion_at>?)",
		"selectHeld":             "accounts_deletion (deletion=?)",
		"InsertEvent":            "sqlite_autoindex_accounts_1 (customer_id=?)",
		"selectLinked":           "sqlite_autoindex_accounts_1 (customer_id=?)",
		"selectWaiting":          "work_waits_for (waits_for=?)",
		"selectNotices":          "notices_of_account (account_kind=? AND account_id=?)",
		"selectPaidBy":           "subscriptions_paid_by (paid_by=?)",
		"selectSubscriptions":    "subscriptions_of_account (account_kind=? AND account_id=?)",
		"selectLicenses":         "licenses_of_account (account_kind=? AND account_id=?)",
		"selectLicenseOfPayment": "licenses_of_payment (payment_id=?)",
	} {
		if plan := strings.Join(explain(t, db, statements[name]), "\n"); !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", name, index, plan)
		}
	}
}

// TestNoLimitIsABareParameter: SQLite plans a statement again whenever the parameter of a bare limit is
// bound. That took half of Finish.
func TestNoLimitIsABareParameter(t *testing.T) {
	t.Parallel()
	bare := regexp.MustCompile(`limit \$\d+($|[^\d +]| (?:$|[^+]))`)
	for name, text := range statementsOf(t) {
		if at := bare.FindString(strings.Join(strings.Fields(text), " ")); at != "" {
			t.Errorf("%s has %q; add + 0", name, at)
		}
	}
}

func closeAfter(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// isStatement reports whether a constant has the type Statement, here or of another package.
func isStatement(of ast.Expr) bool {
	if selector, isSelector := of.(*ast.SelectorExpr); isSelector {
		of = selector.Sel
	}
	named, isNamed := of.(*ast.Ident)
	return isNamed && named.Name == "Statement"
}

// statementsOf reads the statements of this package and of staged from their source.
func statementsOf(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	staged, err := filepath.Glob("../staged/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, staged...)
	statements := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, isSpec := n.(*ast.ValueSpec)
			if !isSpec {
				return true
			}
			if isStatement(spec.Type) {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				statements[spec.Names[0].Name] = text
			}
			return true
		})
	}
	return statements
}

var parameter = regexp.MustCompile(`\$(\d+)`)

func explain(t *testing.T, db *sql.DB, statement string) []string {
	t.Helper()
	parameters := 0
	for _, match := range parameter.FindAllStringSubmatch(statement, -1) {
		n, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		parameters = max(parameters, n)
	}
	rows, err := db.Query("explain query plan "+statement, make([]any, parameters)...)
	if err != nil {
		t.Fatalf("explain %s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}
