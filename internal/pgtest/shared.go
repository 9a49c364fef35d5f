package pgtest

import (
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
)

// ServerVariable names a server to use instead of a throw-away one.
const ServerVariable = "LOCKSTEP_TEST_POSTGRES"

// shared is the server that the tests of a process have in common.
var shared = struct {
	sync.Mutex
	cluster *Cluster
	err     error
	idle    []string // databases that are not in use at the moment
}{}

// Run runs a package's tests and removes the server that they had in common. It returns
// what os.Exit is to be given.
func Run(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster != nil {
		if err := shared.cluster.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// server is where the databases of tests are: the URL of one that there always is.
func server() (string, error) {
	if given := os.Getenv(ServerVariable); given != "" {
		return given, nil
	}
	if shared.cluster == nil && shared.err == nil {
		var c *Cluster
		if c, shared.err = New(); shared.err != nil {
			return "", shared.err
		}
		if shared.err = c.Init(); shared.err == nil {
			shared.err = c.Start()
		}
		shared.cluster = c
	}
	if shared.err != nil {
		return "", shared.err
	}
	return shared.cluster.URL("postgres"), nil
}

// Server is the URL of the server that the tests of this process have in common.
func Server(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	at, err := server()
	if err != nil {
		absent(t, err)
	}
	return at
}

// Empty returns the URL of a database without any table, which is dropped after the test.
func Empty(t testing.TB) string {
	t.Helper()
	at := Server(t)
	name := named()
	if err := execute(at, "create database "+name+" template template0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(at, "drop database "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	return WithDatabase(t, at, name)
}

// Fresh returns the URL of a database whose tables are empty. prepare makes them in a new
// one. Databases are used again, because to make one takes longer than most tests do:
// clean empties it.
func Fresh(t testing.TB, prepare func(url string) error, clean string) string {
	t.Helper()
	at := Server(t)
	shared.Lock()
	var name string
	if n := len(shared.idle); n > 0 {
		name, shared.idle = shared.idle[n-1], shared.idle[:n-1]
	}
	shared.Unlock()
	if name == "" {
		name = named()
		if err := execute(at, "create database "+name+" template template0"); err != nil {
			t.Fatal(err)
		}
		if err := prepare(WithDatabase(t, at, name)); err != nil {
			t.Fatal(err)
		}
	}
	database := WithDatabase(t, at, name)
	t.Cleanup(func() {
		if err := execute(database, clean); err != nil {
			t.Error(err)
			return
		}
		shared.Lock()
		defer shared.Unlock()
		shared.idle = append(shared.idle, name)
	})
	return database
}

// WithDatabase is the URL of another database of the same server.
func WithDatabase(t testing.TB, at, name string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
