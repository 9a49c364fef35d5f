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

// goOn is how long a scenario goes on making trouble; 0: the short form.
var goOn = flag.Duration("for", 0, "how long each scenario goes on making trouble")

// built is the program under test.
var built string

func TestMain(m *testing.M) {
	flag.Parse()
	// The scenarios mostly wait, so that more of them run at once than there are processors.
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

// build builds the program as these tests were built, with the race detector or without.
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

// rounds is how often a scenario makes its trouble: n times in the short form, or for as
// long as it is told to go on.
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
