package main

import (
	"os"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// TestMain plays a role when a scenario starts this program, which is the test here, as a target.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == roleFlag {
		exit(playRole(os.Args[2], os.Args[3:]))
	}
	os.Exit(pgtest.Run(m))
}
