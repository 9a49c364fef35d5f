package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestShellsComplete types into each shell on a terminal; see testdata/shells.
func TestShellsComplete(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(shell); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("there is no %s; `make test` installs it", shell)
				}
				t.Skipf("there is no %s; `make test` installs it", shell)
			}
			params := scripts("")
			params.Files = []string{"testdata/shells/" + shell + ".txtar"}
			testscript.Run(t, params)
		})
	}
}
