package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockstep-dev/lockstep/internal/store/freeport"
)

// TestMain lets the test binary act as the program, so that the scripts run it as a separate process.
func TestMain(m *testing.M) {
	testscript.Main(postgres{m}, map[string]func(){"lockstep": main, "receiver": receiver, "collector": collect})
}

// TestScripts runs testdata/*.txtar: commands with their expected output, and files. commands_test.go adds
// commands to those of testscript.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts("testdata"))
}

// scripts returns the parameters for the scripts in a folder.
func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"APP", "LOCKSTEP", "STRIPE", "CLERK", "COLLECTOR", "GRPC"} {
				addr, err := freeAddr()
				if err != nil {
					return err
				}
				env.Setenv(name+"_ADDR", addr)
				env.Setenv(name, "http://"+addr)
			}
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("DEV", "--app-addr="+env.Getenv("APP_ADDR"))
			env.Setenv("KEY", devAPIKey)
			return os.MkdirAll(filepath.Join(env.WorkDir, "out"), 0o755)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"call":    call,
			"until":   until,
			"deliver": deliver,
			"field":   field,
			"reverse": reverse,
			"burst":   burst,
			"acked":   acked,
			"judged":  judged,
			"settled": settled,
			"status":  status,
			"golden":  golden, "goldenstory": goldenStory,
		},
	}
}

// freeAddr returns a free loopback address that no other test gets.
func freeAddr() (string, error) {
	port, err := freeport.Take()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
