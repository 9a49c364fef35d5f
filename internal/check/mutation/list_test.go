package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

// TestEveryBreakApplies: the piece that a break replaces is there, just once, and what it
// leads to is still Go. Otherwise nobody would hear of it before the suite that takes long.
func TestEveryBreakApplies(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, b := range breakages {
		source, err := os.ReadFile(filepath.Join("..", "..", "..", b.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := bytes.Count(source, []byte(b.before)); n != 1 {
			t.Errorf("%s: the piece to break is %d times in %s", b.what, n, b.file)
		}
		broken := bytes.Replace(source, []byte(b.before), []byte(b.after), 1)
		if _, err := parser.ParseFile(token.NewFileSet(), b.file, broken, 0); err != nil {
			t.Errorf("%s: %v", b.what, err)
		}
		if seen[b.what] {
			t.Errorf("%s is listed twice", b.what)
		}
		seen[b.what] = true
	}
}
