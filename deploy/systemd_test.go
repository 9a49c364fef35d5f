package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const unitFile = "systemd/lockstep.service"

// unit returns the last value of each setting of the unit.
func unit(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for line := range strings.SplitSeq(read(t, unitFile), "\n") {
		if name, value, is := strings.Cut(line, "="); is && !strings.HasPrefix(line, "#") {
			found[name] = value
		}
	}
	return found
}

// TestUnit: what the unit names exists, and a stop leaves time for requests in flight.
func TestUnit(t *testing.T) {
	t.Parallel()
	u := unit(t)
	variable, url, _ := strings.Cut(u["Environment"], "=")
	documented(t, unitFile, variable)
	documented(t, unitFile, flags(u["ExecStart"])...)
	state := "/var/lib/" + u["StateDirectory"]
	if len(flags(u["ExecStart"])) == 0 || !strings.HasPrefix(u["ExecStart"], "/usr/local/bin/lockstep serve ") ||
		url != "sqlite:"+state+"/lockstep.db" || u["WorkingDirectory"] != state {
		t.Errorf("%s, %s, %s", u["ExecStart"], url, u["WorkingDirectory"])
	}
	const drain = 10 * time.Second // of server.Server.Serve
	if stop, err := time.ParseDuration(u["TimeoutStopSec"]); err != nil || stop < 2*drain {
		t.Errorf("TimeoutStopSec: %s %v", stop, err)
	}
	if u["Type"] != "exec" { // serve does not notify systemd
		t.Errorf("Type: %s", u["Type"])
	}
}

// TestUnitIsValid asks systemd, and requires an exposure of at most 1.5 of 10.
func TestUnitIsValid(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze on this machine")
	}
	folder := t.TempDir()
	program := filepath.Join(folder, "lockstep")
	text := strings.ReplaceAll(read(t, unitFile), "/usr/local/bin/lockstep serve", program+" serve")
	file := filepath.Join(folder, "lockstep.service")
	for name, mode := range map[string]os.FileMode{program: 0o700, file: 0o600} { // it looks at the mode of both
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"verify", file}, {"security", "--offline=true", "--threshold=15", file}} {
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
		if err != nil || args[0] == "verify" && strings.Contains(string(out), "lockstep.service") {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}
