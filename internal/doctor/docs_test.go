package doctor_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/doctor"
)

var update = flag.Bool("update", false, "write the list of findings to docs/doctor.md")

// TestEveryProblemIsDocumented compares the list at the end of docs/doctor.md with the declared problems.
func TestEveryProblemIsDocumented(t *testing.T) {
	t.Parallel()
	const page, marker = "../../docs/doctor.md", "-run Documented -update -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, listed, found := strings.Cut(string(text), marker)
	if !found {
		t.Fatalf("%s has no list", page)
	}
	want := list()
	if *update {
		if err := os.WriteFile(page, []byte(before+marker+want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, listed); diff != "" {
		t.Errorf("%s: want -, got +; run go test ./internal/doctor -run Documented -update\n%s", page, diff)
	}
}

// list is the list of all problems, by their codes.
func list() string {
	problems := slices.Clone(doctor.Problems())
	slices.SortFunc(problems, func(a, b doctor.Problem) int { return cmp.Compare(a.Code, b.Code) })
	var out strings.Builder
	for _, p := range problems {
		out.WriteString("\n" + wrapped(fmt.Sprintf("- **`%s`** (%s): %s. *Fix*: %s.", p.Code, p.Level, p.Why, p.Fix)))
	}
	return out.String() + "\n"
}

// wrapped breaks a list item into lines of at most 100 columns.
func wrapped(item string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(item) {
		if len(line)+1+len(word) > 100 {
			lines, line = append(lines, line), " "
		}
		line += " " + word
	}
	return strings.TrimPrefix(strings.Join(append(lines, line), "\n"), " ")
}
