package fleet

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// goOn is how long a scenario makes trouble; 0 means the short form.
var goOn = flag.Duration("for", 0, "how long each scenario makes trouble")

// built is the path of the program under test.
var built string

func TestMain(m *testing.M) {
	flag.Parse()
	// Scenarios mostly wait, so run more of them at once than there are processors.
	if err := flag.Set("test.parallel", "5"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lockstep-fleet-")
	if err == nil {
		built = filepath.Join(dir, "lockstep")
		err = build(built)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := pgtest.Run(m)
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// build builds the program, with the race detector if these tests have it.
func build(to string, args ...string) error {
	args = append([]string{"build", "-o", to}, args...)
	if raced {
		args = append(args, "-race")
	}
	// nolint:gosec // our own arguments
	out, err := exec.Command("go", append(args, "github.com/lockstep-dev/lockstep/cmd/lockstep")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

// rounds returns a function that reports whether to make trouble again: n times in the short form, or until -for is
// over.
func rounds(n int) func() bool {
	began, done := time.Now(), 0
	return func() bool {
		if *goOn > 0 {
			return time.Since(began) < *goOn
		}
		done++
		return done <= n
	}
}
