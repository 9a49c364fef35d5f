package main

import (
	"os"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// What a scenario starts is the program that runs, here the test's.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == roleFlag {
		exit(playRole(os.Args[2], os.Args[3:]))
	}
	os.Exit(pgtest.Run(m))
}
