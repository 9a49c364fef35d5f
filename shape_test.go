package lockstep_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The limits of the code's shape. Lines include blank lines and comments. Tests are not counted,
// except that their files have the same limit.
const (
	mostLinesOfFile     = 400
	mostLinesOfPackage  = 6000
	mostLinesOfFunction = 25 // nine functions in ten
)

// conformance is the suite that the tests of both stores run: tests, although other packages import them.
const conformance = "internal/store/storetest"

// TestShapeOfCode keeps functions, files and packages small enough to read in one sitting.
func TestShapeOfCode(t *testing.T) {
	t.Parallel()
	var functions []int
	packages := map[string]int{}
	for _, file := range goFiles(t) {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		lines := set.File(parsed.Pos()).LineCount()
		if lines > mostLinesOfFile {
			t.Errorf("%s has %d lines; split it, the limit is %d", file, lines, mostLinesOfFile)
		}
		if strings.HasSuffix(file, "_test.go") || filepath.Dir(file) == conformance {
			continue
		}
		packages[filepath.Dir(file)] += lines
		for _, d := range parsed.Decls {
			if f, isFunction := d.(*ast.FuncDecl); isFunction {
				functions = append(functions, set.Position(f.End()).Line-set.Position(f.Pos()).Line+1)
			}
		}
	}
	for dir, lines := range packages {
		if lines > mostLinesOfPackage {
			t.Errorf("package %s has %d lines; split it, the limit is %d", dir, lines, mostLinesOfPackage)
		}
	}
	slices.Sort(functions)
	if p90 := functions[len(functions)*9/10]; p90 > mostLinesOfFunction {
		t.Errorf("one function in ten has more than %d lines; the limit is %d", p90-1, mostLinesOfFunction)
	}
}

// goFiles returns the Go files of the repository, without dependencies and test data.
func goFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		skipped := strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"testdata", "node_modules", "bin"}, d.Name())
		if d.IsDir() && file != "." && skipped {
			return filepath.SkipDir
		}
		if strings.HasSuffix(file, ".go") {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
