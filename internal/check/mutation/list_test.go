package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

// TestEveryMutationApplies checks that each fragment is in its file exactly once and that the mutated file parses.
// Without it, only the long conformance run would report that the list is out of date.
func TestEveryMutationApplies(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range mutations {
		source, err := os.ReadFile(filepath.Join("..", "..", "..", m.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := bytes.Count(source, []byte(m.before)); n != 1 {
			t.Errorf("%s: the fragment is in %s %d times, want once", m.what, m.file, n)
		}
		mutated := bytes.Replace(source, []byte(m.before), []byte(m.after), 1)
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, mutated, 0); err != nil {
			t.Errorf("%s: %v", m.what, err)
		}
		if seen[m.what] {
			t.Errorf("%s is in the list twice", m.what)
		}
		seen[m.what] = true
	}
}
