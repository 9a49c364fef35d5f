package lockstep_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/lockstep-dev/lockstep"

// mayImport lists, for each of our packages, which of our packages its non-test code may import. A
// name that ends in / stands for a folder of packages, which may import each other. A package that is
// not listed may import none of ours.
//
//	cmd -> server -> internal/web -> internal/sync -> root
//	       adapters -> internal/upstream -> root      stores -> internal/store/sqlstore -> root, sqlrun
var mayImport = map[string][]string{
	".":                    {},
	"internal/buildinfo":   {},
	"internal/sync/ingest": {".", "internal/clients", "internal/recent", "internal/tracing"},
	"internal/sync/reconcile": {".", "internal/sync/backfill", "internal/sync/ownership", "internal/sync/pricebook",
		"internal/sync/drift", "internal/sync/runner", "internal/sync/sweep"},
	"internal/sync/drift": {"."},
	"internal/sync/verify": {".", "internal/sync/drift", "internal/sync/ownership", "internal/sync/pricebook",
		"internal/sync/reconcile", "internal/sync/runner"},
	"internal/sync/sweep":     {".", "internal/sync/runner"},
	"internal/sync/backfill":  {".", "internal/sync/ownership", "internal/sync/pricebook", "internal/sync/runner"},
	"internal/sync/ownership": {"."},
	"internal/sync/runner":    {".", "internal/tracing"},
	"internal/sync/pricebook": {"."},
	"internal/sync/instance":  {"."},
	"internal/web/activation": {".", "internal/clients", "internal/web/problem", "internal/recent", "internal/look"},
	"internal/clients":        {"internal/recent"},
	"internal/recent":         {},
	"internal/web/httpapi": {".", "internal/buildinfo", "internal/web/activation", "internal/web/checkouts", "internal/clients",
		"internal/sync/instance", "internal/sync/verify",
		"internal/web/problem", "internal/store/watch", "internal/web/apikeys", "internal/web/audit",
		"internal/web/explain", "internal/web/mask", "internal/web/catalog", "internal/statistics"},
	"internal/web/catalog": {"."},
	"internal/web/explain": {"."},
	"internal/web/console": {".", "internal/buildinfo", "internal/clients", "internal/look", "internal/money", "internal/web/audit", "internal/web/charts",
		"internal/web/explain", "internal/web/httpapi"},
	"internal/web/charts":        {"internal/look"},
	"internal/web/apikeys":       {"."},
	"internal/web/audit":         {"."},
	"internal/web/mask":          {},
	"internal/web/problem":       {},
	"internal/web/checkouts":     {".", "internal/sync/pricebook"},
	"internal/store/watch":       {"."},
	"internal/store/sqlrun":      {},
	"internal/store/eventbody":   {},
	"internal/store/rundata":     {"."},
	"internal/store/sqlstore":    {".", "internal/store/eventbody", "internal/store/rundata", "internal/store/sqlrun"},
	"internal/store/gauges":      {".", "internal/store/sqlrun"},
	"internal/store/listing":     {".", "internal/store/eventbody", "internal/store/rundata", "internal/store/sqlrun", "internal/store/sqlstore"},
	"internal/store/passes":      {".", "internal/store/sqlrun", "internal/store/sqlstore"},
	"internal/store/staged":      {".", "internal/store/sqlrun", "internal/store/sqlstore"},
	"internal/store/buckets":     {".", "internal/store/sqlrun", "internal/store/sqlstore"},
	"internal/store/bucketstest": {"."},
	"internal/store/schema":      {},
	"internal/metrics":           {"."},
	"internal/statistics":        {".", "internal/metrics"},
	"internal/upstream":          {".", "internal/tracing"},
	"internal/tracing":           {"."},
	"internal/otlp":              {"internal/buildinfo", "internal/tracing"},
	"internal/store/storetest":   {"."},
	"internal/store/repairtest":  {"."},
	"internal/out/email":         {".", "internal/money"},
	"internal/money":             {},
	"internal/out/mailbox":       {".", "internal/look"},
	"internal/look":              {},
	"smtpmail":                   {"."},
	"internal/check/simtest":     {},
	"internal/check/fleet":       {},
	"internal/check/mutation":    {},
	"internal/check/collector":   {},
	"internal/check/browser":     {},
	"internal/check/bench": {".", "server", "sqlitestore", "pgstore", "simulator/", "internal/store/pgtest",
		"internal/otlp"},
	"conformance":                   {},
	"internal/check/openapicheck":   {"simulator/"},
	"internal/check/simharness":     {"simulator/", "internal/check/openapicheck"},
	"stripebilling":                 {".", "internal/upstream"},
	"clerkdirectory":                {".", "internal/upstream", "internal/out/standardwebhooks"},
	"internal/out/webhookout":       {".", "internal/buildinfo", "internal/out/standardwebhooks"},
	"internal/out/standardwebhooks": {"."},
	"sqlitestore": {".", "internal/store/sqlstore", "internal/store/sqlrun", "internal/store/schema", "internal/store/gauges",
		"internal/store/listing", "internal/store/staged", "internal/store/passes", "internal/store/buckets"},
	"pgstore": {".", "internal/store/sqlstore", "internal/store/sqlrun", "internal/store/schema", "internal/store/gauges",
		"internal/store/listing", "internal/store/staged", "internal/store/passes", "internal/store/buckets"},
	"internal/store/freeport":   {},
	"internal/store/pgtest":     {"internal/store/freeport"},
	"internal/store/sqlitetest": {"sqlitestore"},
	"server": {".", "internal/buildinfo", "internal/doctor", "internal/sync/ingest", "internal/sync/reconcile", "internal/sync/runner",
		"internal/sync/backfill", "internal/sync/ownership", "internal/sync/sweep", "internal/sync/verify", "internal/web/httpapi", "internal/web/catalog",
		"internal/web/activation",
		"internal/web/checkouts", "internal/web/apikeys", "internal/web/console", "internal/clients", "internal/out/webhookout", "internal/sync/instance",
		"internal/out/email",
		"internal/sync/pricebook", "internal/upstream", "internal/store/watch", "internal/metrics", "internal/statistics", "internal/tracing",
		"stripebilling", "clerkdirectory"},
	"internal/doctor": {".", "internal/out/webhookout", "internal/sync/ingest", "internal/upstream", "stripebilling",
		"clerkdirectory"},
	"internal/store/transfer": {},
	"internal/setup":          {".", "internal/sync/ingest", "stripebilling"},
	"simulator/":              {"simulator/", "internal/look"},
	"examples/":               {"."},
	"deploy/":                 {},
	"cmd/lockstep": {".", "server", "internal/buildinfo", "smtpmail", "internal/out/mailbox", "simulator/", "sqlitestore", "pgstore",
		"internal/store/transfer", "internal/setup", "internal/otlp", "internal/sync/ingest", "internal/web/audit", "stripebilling",
		"clerkdirectory", "examples/", "internal/look"},
}

// mustNotImport lists foreign packages that would bring a concern into the wrong package.
var mustNotImport = map[string][]string{
	"internal/sync/reconcile": {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/sweep":     {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/backfill":  {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/ownership": {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/runner":    {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/ingest":    {"database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/web/httpapi":    {"database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/pricebook": {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/drift":     {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sync/verify":    {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/web/explain":    {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/web/checkouts":  {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/upstream":       {"database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/store/sqlstore": {"net/http", "database/sql", "modernc.org/", "github.com/jackc/"},
	"internal/store/sqlrun":   {"net/http", "modernc.org/", "github.com/jackc/"},
	"simulator/":              {"github.com/stripe/", "github.com/clerk/"},
}

// nowhere lists packages that none of our code may import. They serve to write a file system or a
// database driver; ours once lost acknowledged writes.
var nowhere = []string{"unsafe", "modernc.org/libc", "modernc.org/sqlite/vfs"}

// sdk lists packages that only commands and [sdkUsers] may import: an embedding program chooses its own.
var (
	sdk      = []string{"go.opentelemetry.io/otel/sdk", "go.opentelemetry.io/otel/exporters"}
	sdkUsers = []string{"internal/otlp", "cmd/lockstep"}
)

// TestDirectionOfImports checks the imports of every non-test file.
func TestDirectionOfImports(t *testing.T) {
	t.Parallel()
	checked := 0
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" ||
			d.Name() == "node_modules" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		checked++
		from := filepath.ToSlash(filepath.Dir(file))
		for _, spec := range parsed.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(from, to); why != "" {
				t.Errorf("%s imports %s: %s", file, to, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 50 {
		t.Errorf("only %d files were checked", checked)
	}
}

// forbidden returns why a package must not import another, or "" if it may.
func forbidden(from, to string) string {
	if slices.Contains(nowhere, to) {
		return "no package may"
	}
	if !slices.Contains(sdkUsers, from) && slices.ContainsFunc(sdk, func(s string) bool { return matches(s+"/", to) }) {
		return "only " + strings.Join(sdkUsers, " and ") + " choose the SDK of OpenTelemetry"
	}
	rule := ruleOf(from)
	for _, foreign := range mustNotImport[rule] {
		if to == foreign || strings.HasSuffix(foreign, "/") && strings.HasPrefix(to, foreign) {
			return rule + " must not know it"
		}
	}
	ours, isOurs := strings.CutPrefix(to, module)
	if !isOurs {
		if from == "." && strings.Contains(strings.Split(to, "/")[0], ".") {
			return "the root imports only the standard library"
		}
		return ""
	}
	ours = path.Clean(strings.TrimPrefix(ours, "/"))
	allowed, listed := mayImport[rule]
	if !listed {
		return "the package " + from + " has no rule in mayImport yet"
	}
	if slices.ContainsFunc(allowed, func(a string) bool { return matches(a, ours) }) {
		return ""
	}
	return rule + " may import only " + strings.Join(allowed, ", ")
}

// ruleOf returns the key in mayImport that covers a package.
func ruleOf(pkg string) string {
	for rule := range mayImport {
		if matches(rule, pkg) {
			return rule
		}
	}
	return pkg
}

func matches(rule, pkg string) bool {
	if folder, isFolder := strings.CutSuffix(rule, "/"); isFolder {
		return pkg == folder || strings.HasPrefix(pkg, rule)
	}
	return rule == pkg
}
