package sqlitestore_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
)

// process is this test binary in another role.
func process(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, pathVariable+"="+path)
	return cmd
}

func TestKilledProcessLosesNoAcknowledgedEvent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	acked := map[string]bool{}
	for round := range 10 {
		cmd := process(t, "receive", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			acked[lines.Text()] = true
			if n == 20+7*round {
				if err := cmd.Process.Kill(); err != nil { // and read what it still wrote
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed
	}
	if len(acked) < 400 {
		t.Fatalf("only %d events were acknowledged", len(acked))
	}
	store := open(t, path)
	stored := map[string]bool{}
	filter := lockstep.EventFilter{Limit: 1000, Bodiless: true}
	for {
		page, err := store.Events(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			stored[e.ID] = true
		}
		if filter.Before = page.Next; filter.Before == "" {
			break
		}
	}
	for id := range acked {
		if !stored[id] {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	var verdict string
	if err := raw(t, path).QueryRow("pragma integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: %q, %v", verdict, err)
	}
	t.Logf("%d acknowledged, %d stored", len(acked), len(stored))
}

func TestProcessesOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	for range 2 {
		path := filepath.Join(t.TempDir(), "lockstep.db")
		var group errgroup.Group
		for range 3 {
			group.Go(func() error {
				if out, err := process(t, "open", path).CombinedOutput(); err != nil {
					return fmt.Errorf("%w: %s", err, out)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func closeAfter(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// raw opens the file without the store.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, db)
	return db
}
