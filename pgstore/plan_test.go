package pgstore

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/buckets"
	"github.com/lockstep-dev/lockstep/internal/store/listing"
	"github.com/lockstep-dev/lockstep/internal/store/passes"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// filled fills a database so that a plan that reads a whole table shows.
const filled = `
insert into accounts (kind, id, state, email, name, identity_updated_at, customer_id, created_at, updated_at)
	select 'user', 'user_' || n, 'active', '', '', 0, 'cus_' || n, n, n from generate_series(1, 100000) n;
insert into accounts (kind, id, state, email, name, identity_updated_at, customer_id, created_at, updated_at)
	select 'organization', 'org_' || n, 'active', '', '', 0, 'cus_o' || n, n, n from generate_series(1, 20000) n;
update accounts set email = id || '@example.com',
	status = case when created_at % 1000 = 0 then 'past_due' else 'none' end,
	plan = case when created_at % 3 = 0 then 'pro' else '' end,
	concern = case when created_at % 500 = 0 then 'in_doubt' else '' end,
	problems = case when created_at % 500 = 1 then '[]' else '' end,
	deletion = case when created_at % 500 = 2 then 'held' else '' end;
insert into former_customers select 'old_' || n, 'user', 'user_' || n from generate_series(1, 20000) n;
insert into subscriptions select 'sub_' || n, 'user', 'user_' || n, 'cus_' || n, 'active', 0, 0, 0, 0, 0, n,
	'' from generate_series(1, 30000) n;
insert into subscriptions select 'sub_o' || n, 'organization', 'org_' || n, 'cus_o' || n, 'active', 0, 0, 0, 0, 0,
	n, 'user_' || n from generate_series(1, 20000) n;
insert into subscription_items select 'sub_' || n, 'si_' || n, 'price', '', 'prod', '', 1, 0, 0
	from generate_series(1, 30000) n;
insert into licenses (id, account_kind, account_id, payment_id, amount, currency, status, created_at)
	select 'cs_' || n, 'user', 'user_' || n, 'pi_' || n, 1, 'usd', 'active', n from generate_series(1, 20000) n;
insert into license_items select 'cs_' || n, 'li_' || n, 'price', '', 'prod', '', 1, 0, 0 from generate_series(1,
	20000) n;
insert into notices (id, kind, account_kind, account_id, object, created_at) select 'n_' || n, 'x', 'user',
	'user_' || n, '', n from generate_series(1, 20000) n;
insert into mails select 'n_' || n, 'sent', '', 1, 0, 0, n from generate_series(1, 20000) n;
insert into roster select 'user', 'user_' || n, '', '', '{}', n from generate_series(1, 20000) n;
insert into access_told select 'user', 'user_' || n, '', 1, n from generate_series(1, 20000) n;
insert into hook_deliveries select 'app', 'n_' || n, case when n % 100 = 0 then 'held' else 'delivered' end, 200,
	'', 1, 1, n, n from generate_series(1, 20000) n;
insert into purchases select 'user', 'user_' || n, '', 0, 1, '', 1, n from generate_series(1, 20000) n;
insert into assignments select 'customer/cus_' || n, 'user', 'user_' || n, n from generate_series(1, 20000) n;
insert into instances values ('clerk', 'ins_1', 1, '', 0);
insert into successions select 'user', 'before_' || n, 'user_' || n, n from generate_series(1, 20000) n;
insert into changes select 'user', 'user_' || n, n from generate_series(1, 50000) n;
insert into backfill_identities select 'user', 'user_' || n, n || '@example.com', 'slug_' || n, '{}'
	from generate_series(1, 20000) n;
insert into backfill_customers select 'cus_' || n, n || '@example.com', '{}',
	case when n % 2 = 0 then 'linked' else '' end, 'user', 'user_' || n, 1, 'proven' from generate_series(1, 20000) n;
insert into backfill_objects select 'cus_' || n, 'sub_' || n, '{}' from generate_series(1, 20000) n;
insert into backfill_payments select 'cs_' || n, 'cus_' || n, 'user', 'user_' || n from generate_series(1, 20000) n;
insert into backfill_claims select case when n % 2 = 0 then 'directory' else 'ambiguous' end, 'cus_' || n, 'user',
	'user_' || n from generate_series(1, 20000) n;
insert into audit (request, at, actor, action, subject, account_kind, account_id, result)
	select 'r', n, 'key/k', 'sync-account', 's', case when n % 2 = 0 then 'user' else '' end, 'user_' || n, 'done'
	from generate_series(1, 20000) n;
insert into work_waits select 'customer/x_' || n, 'user/y_' || n from generate_series(1, 20000) n;
insert into work (key, scope, priority, generation, done_generation, run_at, disposition)
	select 'user/user_' || n, 1, n % 3, 2, case when n % 100 = 0 then 1 else 2 end, n,
		case when n % 500 = 0 then 'parked' else 'done' end
	from generate_series(1, 100000) n;
insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key,
	generation, status, reason)
	select 'stripe', 'evt_' || n, 't', 'webhook', '', '', '', n, 1700000000000 + n * cast(380000 as bigint),
		case when n % 10 > 0 then 'user/user_' || n % 50000 end,
		1, case when n % 10 = 0 then 'ignored' when n % 400 = 1 then 'parked' else 'done' end, '' from generate_series(1,
			100000) n;
insert into runs (key, number, began_at, took, attempt, scope, priority, disposition, reason, events, event_count,
	calls, facts, earlier_runs, earlier_last)
	select 'user/user_' || n % 20000, n / 20000 + 1, n, 1, 1, 1, 1, 'done', '', '', 0, '', '{}', 1, 0
	from generate_series(1, 60000) n;
insert into statistics select r, cast(r as bigint) * n, 'runs.done', 0, 1, 0, 0
	from generate_series(1, 400) n, unnest(array[60000, 900000, 21600000]) r;
insert into event_bodies select received_at / 604800000 % 64, seq, cast(repeat(md5(id), 10) as bytea) from events;
analyze`

// growing matches a scan of a whole growing table.
var growing = regexp.MustCompile(`Seq Scan on (accounts|former_customers|subscriptions|subscription_items|licenses|license_items|notices|mails|roster|` +
	`access_told|hook_deliveries|purchases|assignments|successions|changes|work|work_waits|runs|audit|statistics|events|event_bodies\w*)\b`)

// TestStatementsDoNotScan lets PostgreSQL plan every statement of the store without its parameters:
// the plan that a connection ends up with.
func TestStatementsDoNotScan(t *testing.T) {
	t.Parallel()
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
	for _, statement := range []string{filled, "set plan_cache_mode = force_generic_plan"} {
		if _, err := conn.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	plans := map[string]string{}
	statements := statementsOf(t)
	for _, name := range slices.Sorted(maps.Keys(statements)) {
		plans[name] = plan(t, conn, name, statements[name])
		if found := growing.FindString(plans[name]); found != "" && scans[name] == "" {
			t.Errorf("%s: %s\n%s", name, found, plans[name][:min(len(plans[name]), 3000)])
		}
	}
	for name, index := range map[string]string{
		"ClaimDue":               "work_due",
		"selectNextDue":          "work_due",
		"Backlog":                "work_ended",
		"WorkEnded":              "work_ended",
		"WorkPending":            "work_due",
		"EventsByNumber":         "events_pkey",
		"LookedAt":               "events_pkey",
		"EventFrom":              "events_pkey",
		"OpenSince":              "events_unsettled",
		"CountOpen":              "events_unsettled",
		"EventsOpen":             "events_unsettled",
		"settleDropped":          "events_unsettled",
		"settleEvents":           "events_unsettled",
		"moveEvents":             "events_unsettled",
		"EventsOfKey":            "events_settled",
		"SelectIgnored":          "events_ignored",
		"expireEvents":           "events_pkey",
		"RunsOf":                 "runs_of_key",
		"forgetRuns":             "runs_of_key",
		"expireRuns":             "runs_pkey",
		"selectRunPageEnd":       "runs_pkey",
		"EventTally":             "events_unsettled",
		"InsertEvent batch":      "accounts_customer_id_key",
		"selectWaiting":          "work_waits_for",
		"selectSubscriptions":    "subscriptions_of_account",
		"selectPaidBy":           "subscriptions_paid_by",
		"selectLicenses":         "licenses_of_account",
		"selectLicenseOfPayment": "licenses_of_payment",
		"selectNotices":          "notices_of_account",
		"selectFurther":          "former_customers_of_account",
		"selectLinked":           "accounts_customer_id_key",
		"NoticesByTime":          "notices_by_time",
		"NoticesOfAccount":       "notices_of_account",
		"EmailsOf":               "mails_pkey",
		"DeliveriesTo":           "hook_deliveries_by_time",
		"Audit":                  "audit_pkey",
		"AuditOfAccount":         "audit_of_account",
		"UpsertMark batch":       "accounts_customer_id_key",
		"AccountsByKey":          "accounts_pkey",
		"AccountsByStatus":       "accounts_by_status",
		"AccountsByPlan":         "accounts_by_plan",
		"AccountsWithProblems":   "accounts_problems",
		"AccountsOfConcern":      "accounts_of_concern",
		"AccountsByEmail":        "accounts_by_folded_email",
		"AccountOfPrimary":       "accounts_customer_id_key",
		"AccountOfFurther":       "former_customers_pkey",
		"AccountOfSubscription":  "subscriptions_pkey",
		"AccountOfLicense":       "licenses_pkey",
		"AccountOfPayment":       "licenses_of_payment",
		"ConcernTally":           "accounts_of_concern",
		"UnclassifiedTally":      "accounts_by_status",
		"ProblemTally":           "accounts_problems",
		"HeldTally":              "accounts_deletion",
		"EndedTally":             "work_ended",
		"ParkedSince":            "events_unsettled",
		"OpenOfKeys":             "events_unsettled",
		"ExpireStatistics":       "statistics_pkey",
		"ExpireFuture":           "statistics_pkey",
		"StatisticsOf":           "statistics_pkey",
	} {
		if !strings.Contains(plans[name], index) || plans[name] == "" {
			t.Errorf("%s does not use %s:\n%s", name, index, plans[name][:min(len(plans[name]), 3000)])
		}
	}
	everyIndexIsUsed(t, conn, strings.Join(slices.Collect(maps.Values(plans)), "\n"))
}

// everyIndexIsUsed checks that every index pays for its cost: an index that enforces nothing must
// be in a plan.
func everyIndexIsUsed(t *testing.T, conn *pgx.Conn, plans string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
		where c.relnamespace = 'public'::regnamespace and not i.indisunique`)
	if err != nil {
		t.Fatal(err)
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range indexes {
		if !strings.Contains(plans, index+" ") && !strings.Contains(plans, index+"\n") {
			t.Errorf("no statement uses the index %s", index)
		}
	}
	if len(indexes) < 10 {
		t.Errorf("found only %d indexes", len(indexes))
	}
}

// elsewhere lists statements that PostgreSQL never gets.
var elsewhere = map[string]string{
	"InsertEvent": "only as a batch, since bodies are apart",
	"UpsertMark":  "only as a batch, which spells min and max in PostgreSQL's way",
}

// scans lists statements that may read a whole table.
var scans = map[string]string{
	"selectStagedCustomers": "joins a page with links and assignments; a generic plan does not know that a page is small",
	"countLinked":           "of at most as many rows as make the brake's share meaningless",
	"selectHeldPrices":      "lockstep doctor reads all items, once",
}

// lists are the statements of the packages listing and buckets.
var lists = map[string]string{
	"EventsByNumber":   listing.EventsByNumber,
	"LookedAt":         listing.LookedAt,
	"EventsOfKey":      listing.EventsOfKey,
	"EventsOpen":       listing.EventsOpen,
	"CountOpen":        listing.CountOpen,
	"EventFrom":        listing.EventFrom,
	"EventNumbers":     listing.EventNumbers,
	"EventByID":        listing.EventByID,
	"bodyOfEvent":      bodyOfEvent,
	"WorkEnded":        listing.WorkEnded,
	"WorkPending":      listing.WorkPending,
	"WorkOf":           listing.WorkOf,
	"OpenSince":        listing.OpenSince,
	"Backlog":          listing.Backlog,
	"EventTally":       listing.EventTally,
	"DeletionTally":    listing.DeletionTally,
	"RefusedDeletions": listing.RefusedDeletions,
	"Troubled":         listing.Troubled,
	"Audit":            listing.Audit,
	"AuditOfAccount":   listing.AuditOfAccount,
	"RunsOf":           listing.RunsOf,
	"RunKeys":          listing.RunKeys,
	"AddStatistics":    buckets.Add,
	"ExpireStatistics": buckets.ExpireOld,
	"ExpireFuture":     buckets.ExpireFuture,
	"StatisticsOf":     buckets.Of,
	"NoticesByTime":    listing.NoticesByTime,
	"NoticesOfAccount": listing.NoticesOfAccount,
	"EmailsOf":         listing.EmailsOf,
	"DeliveriesTo":     listing.DeliveriesTo,
	"Pulse":            listing.Pulse,
	"passExpire":       passes.Expire,
	"passSelect":       passes.Select,
	"passTake":         passes.Take,

	"AccountsByKey":         listing.AccountsByKey,
	"AccountsByStatus":      listing.AccountsByStatus,
	"AccountsByPlan":        listing.AccountsByPlan,
	"AccountsWithProblems":  listing.AccountsWithProblems,
	"AccountsOfConcern":     listing.AccountsOfConcern,
	"AccountsByEmail":       listing.AccountsByEmail(foldedEmail),
	"AccountOfPrimary":      listing.AccountOfPrimary,
	"AccountOfFurther":      listing.AccountOfFurther,
	"AccountOfSubscription": listing.AccountOfSubscription,
	"AccountOfLicense":      listing.AccountOfLicense,
	"AccountOfPayment":      listing.AccountOfPayment,
	"ConcernTally":          listing.ConcernTally,
	"UnclassifiedTally":     listing.UnclassifiedTally,
	"ProblemTally":          listing.ProblemTally,
	"HeldTally":             listing.HeldTally,
	"EndedTally":            listing.EndedTally,
	"ParkedSince":           listing.ParkedSince,
	"OpenOfKeys":            listing.OpenOfKeys,
}

// isStatement reports whether a constant has the type Statement, here or of another package.
func isStatement(of ast.Expr) bool {
	if selector, isSelector := of.(*ast.SelectorExpr); isSelector {
		of = selector.Sel
	}
	named, isNamed := of.(*ast.Ident)
	return isNamed && named.Name == "Statement"
}

// statementsOf returns the store's statements by name, as PostgreSQL gets them.
func statementsOf(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../internal/store/sqlstore/*.go")
	if err != nil {
		t.Fatal(err)
	}
	staged, err := filepath.Glob("../internal/store/staged/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, staged...)
	d := dialect()
	statements := maps.Clone(lists)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
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
				literal, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				name, s := spec.Names[0].Name, sqlstore.Statement(literal)
				batch, has := d.Batch[s]
				if has {
					statements[name+" batch"] = batch
				}
				if elsewhere[name] == "" {
					statements[name] = literal
				}
				if text, overridden := d.Replace[s]; overridden {
					statements[name] = text
				}
				if text, locks := d.Lock[s]; locks {
					statements[name+" locking"] = text
				}
			}
			return true
		})
	}
	if len(statements) < 100 {
		t.Errorf("only %d statements were found", len(statements))
	}
	return statements
}

var parameter = regexp.MustCompile(`\$(\d+)`)

func plan(t *testing.T, conn *pgx.Conn, name, statement string) string {
	t.Helper()
	parameters := 0
	for _, match := range parameter.FindAllStringSubmatch(statement, -1) {
		n, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		parameters = max(parameters, n)
	}
	execute := "explain (costs off) execute planned"
	if parameters > 0 {
		execute += "(" + strings.TrimSuffix(strings.Repeat("null, ", parameters), ", ") + ")"
	}
	if _, err := conn.Exec(t.Context(), "prepare planned as "+statement, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Errorf("%s: %v\n%s", name, err, statement)
		return ""
	}
	rows, err := conn.Query(t.Context(), execute, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	if _, err := conn.Exec(t.Context(), "deallocate planned", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
