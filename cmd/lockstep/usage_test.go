package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// status STATUS COMMAND [ARGS…]: runs a command that ends with this status. `stdout`, `stderr` and `cmp`
// see its output.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status STATUS COMMAND [ARGS]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("%v ended with status %d, want %s", args[1:], got, args[0])
	}
}

// TestUsageErrorsAreShort: an unknown flag of any command gets three lines. The first is the error.
func TestUsageErrorsAreShort(t *testing.T) {
	t.Parallel()
	for _, node := range newParser(&program{}).Model.Leaves(false) {
		path := strings.TrimSpace(node.Path())
		parsed, err := newParser(&program{}).Parse(append(strings.Fields(path), "--no-such-flag"))
		if err == nil {
			t.Errorf("%s takes --no-such-flag", path)
			continue
		}
		var out strings.Builder
		if got := report(&out, parsed, err); got != statusUsage {
			t.Errorf("%s: status %d", path, got)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[0], "lockstep: unknown flag --no-such-flag") ||
			!strings.HasPrefix(lines[1], "Usage: lockstep "+path) ||
			lines[2] != `Run "lockstep `+path+` --help" for more information.` {
			t.Errorf("%s:\n%s", path, out.String())
		}
	}
}
