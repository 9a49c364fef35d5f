package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program, so that the scripts run it as a
// process of its own.
func TestMain(m *testing.M) {
	testscript.Main(postgres{m}, map[string]func(){"lockstep": main, "receiver": receiver})
}

// TestScripts runs testdata/*.txtar: each tells a story of the binary in commands,
// expected output and files. The commands beside testscript's own are in
// commands_test.go.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts("testdata"))
}

// scripts are those of a folder.
func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"APP", "LOCKSTEP", "STRIPE", "CLERK"} {
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
		},
	}
}

// nextPort is the last port that freeAddr gave out. Each is given out once in a
// process: its test listens only later, and two that drew the same would collide.
var nextPort = func() *atomic.Int64 {
	start := new(atomic.Int64)
	start.Store(15000 + rand.Int64N(12000))
	return start
}()

// freeAddr is a loopback address that nobody listens on, and that no other test of
// this process gets.
//
// It is below the ports that the system gives to connections (32768 and up on
// Linux), or one of a browser's could take it in the meantime.
func freeAddr() (string, error) {
	var err error
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", nextPort.Add(1))); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", err
}
