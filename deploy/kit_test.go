package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documented fails for each environment variable or flag that docs/configuration.md does not list. The
// page is generated from the settings.
func documented(t *testing.T, from string, names ...string) {
	t.Helper()
	page := read(t, filepath.Join("..", "docs", "configuration.md"))
	for _, name := range names {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("%s names %s, which docs/configuration.md does not list", from, name)
		}
	}
}

// flags returns the flags in a command line.
func flags(line string) []string { return regexp.MustCompile(`--[a-z-]+`).FindAllString(line, -1) }

// onlyForCompose are the variables of lockstep.env that compose.yaml reads, and Lockstep does not.
var onlyForCompose = []string{"LOCKSTEP_VERSION", "POSTGRES_PASSWORD"}

var assignment = regexp.MustCompile(`(?m)^#?([A-Z_]+)=(.*)$`)

// TestExampleHasNoSecret: every variable of the example is documented, and none has a value that works.
func TestExampleHasNoSecret(t *testing.T) {
	t.Parallel()
	found := assignment.FindAllStringSubmatch(read(t, "lockstep.env.example"), -1)
	if len(found) < 10 {
		t.Fatalf("only %d variables: %v", len(found), found)
	}
	own := 0
	for _, variable := range found {
		if variable[2] != "" {
			t.Errorf("%s has the value %q; leave it empty", variable[1], variable[2])
		}
		if variable[1] == onlyForCompose[0] || variable[1] == onlyForCompose[1] {
			own++
			continue
		}
		documented(t, "lockstep.env.example", variable[1])
	}
	if own != len(onlyForCompose) {
		t.Errorf("the example lacks one of %v", onlyForCompose)
	}
}
