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

// mayImport is the direction of imports: for each of our packages (or folder of
// them, ending in /) which of our packages its non-test code may import, beside
// those of its own folder. What is not listed may import nothing of ours.
//
//	cmd -> server -> internal/{ingest,reconcile,buying,httpapi} -> root
//	                 adapters -> internal/upstream -> root       stores -> internal/sqlstore -> root
var mayImport = map[string][]string{
	".":                   {},
	"internal/ingest":     {".", "internal/clients", "internal/recent"},
	"internal/reconcile":  {".", "internal/pricebook"},
	"internal/pricebook":  {"."},
	"internal/instance":   {"."},
	"internal/activation": {".", "internal/clients", "internal/problem", "internal/recent"},
	"internal/clients":    {"internal/recent"},
	"internal/recent":     {},
	"internal/httpapi": {".", "internal/activation", "internal/buying", "internal/clients", "internal/instance",
		"internal/problem", "internal/watch"},
	"internal/problem":          {},
	"internal/buying":           {".", "internal/pricebook"},
	"internal/watch":            {"."},
	"internal/sqlstore":         {"."},
	"internal/upstream":         {"."},
	"internal/storetest":        {"."},
	"internal/letters":          {"."},
	"internal/mailbox":          {"."},
	"smtpmail":                  {"."},
	"internal/world":            {},
	"internal/fleet":            {},
	"internal/breaks":           {},
	"internal/bench":            {".", "server", "sqlitestore", "pgstore", "simulator/", "internal/pgtest"},
	"conformance":               {},
	"internal/judge":            {"simulator/"},
	"stripebilling":             {".", "internal/upstream"},
	"clerkdirectory":            {".", "internal/upstream", "internal/standardwebhooks"},
	"internal/hookcall":         {".", "internal/standardwebhooks"},
	"internal/standardwebhooks": {"."},
	"sqlitestore":               {".", "internal/sqlstore"},
	"pgstore":                   {".", "internal/sqlstore"},
	"internal/freeport":         {},
	"internal/pgtest":           {"internal/freeport"},
	"internal/sqlitetest":       {"sqlitestore"},
	"server": {".", "internal/ingest", "internal/reconcile", "internal/httpapi", "internal/activation",
		"internal/buying", "internal/clients", "internal/hookcall", "internal/instance", "internal/letters",
		"internal/pricebook", "internal/upstream", "internal/watch", "stripebilling", "clerkdirectory"},
	"internal/transfer": {},
	"simulator/":        {"simulator/"},
	"examples/":         {"."},
	"cmd/lockstep": {".", "server", "smtpmail", "internal/mailbox", "simulator/", "sqlitestore", "pgstore",
		"internal/transfer", "clerkdirectory", "examples/"},
}

// mustNotImport names foreign packages that would carry a concern to where it
// does not belong.
var mustNotImport = map[string][]string{
	"internal/reconcile": {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/ingest":    {"database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/httpapi":   {"database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/pricebook": {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/buying":    {"net/http", "database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/upstream":  {"database/sql", "github.com/stripe/", "github.com/clerk/"},
	"internal/sqlstore":  {"net/http", "modernc.org/", "github.com/jackc/"},
	"simulator/":         {"github.com/stripe/", "github.com/clerk/"},
}

// nowhere lists packages that nobody may import. They serve to write a file system or a database
// driver, and ours once lost acknowledged writes.
var nowhere = []string{"unsafe", "modernc.org/libc", "modernc.org/sqlite/vfs"}

// TestDirectionOfImports parses the import clauses of every file that is built.
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

// forbidden says why a package may not import another; empty: it may.
func forbidden(from, to string) string {
	if slices.Contains(nowhere, to) {
		return "no package may"
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

// ruleOf is the entry of mayImport that a package falls under.
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
