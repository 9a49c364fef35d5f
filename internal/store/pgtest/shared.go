package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// ServerVariable is the environment variable with the URL of a server to use instead of a
// throw-away one.
const ServerVariable = "LOCKSTEP_TEST_POSTGRES"

// shared is the server that the tests of a process share.
var shared = struct {
	sync.Mutex
	cluster *Cluster
	err     error
	idle    []database // not used by a test at the moment
}{}

// database is a database for several tests, with a connection that empties it. Creating one takes
// longer than most tests do.
type database struct {
	name   string
	keeper *pgx.Conn
}

// Run runs a package's tests and removes the server that they shared. It returns the code for
// os.Exit.
func Run(m *testing.M) int {
	code := m.Run()
	if err := end(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// end removes what the tests shared.
func end() error {
	shared.Lock()
	defer shared.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var errs []error
	for _, d := range shared.idle {
		errs = append(errs, d.keeper.Close(ctx))
		if given := os.Getenv(ServerVariable); given != "" {
			errs = append(errs, execute(given, "drop database "+d.name+" with (force)"))
		}
	}
	shared.idle = nil
	if shared.cluster != nil {
		errs = append(errs, shared.cluster.Remove())
	}
	return errors.Join(errs...)
}

// server returns the URL of a database that always exists on the shared server.
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

// Server returns the URL of the server that the tests of this process share.
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

// Empty returns the URL of a database without tables. It is dropped after the test.
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

// Fresh returns the URL of a database with empty tables. prepare creates the tables in a new
// database. clean empties a database that another test has used, because creating one takes longer
// than most tests do.
func Fresh(t testing.TB, prepare func(url string) error, clean string) string {
	t.Helper()
	at := Server(t)
	shared.Lock()
	var d database
	if n := len(shared.idle); n > 0 {
		d, shared.idle = shared.idle[n-1], shared.idle[:n-1]
	}
	shared.Unlock()
	if d.keeper == nil {
		d.name = named()
		if err := execute(at, "create database "+d.name+" template template0"); err != nil {
			t.Fatal(err)
		}
		if err := prepare(WithDatabase(t, at, d.name)); err != nil {
			t.Fatal(err)
		}
		var err error
		if d.keeper, err = pgx.Connect(t.Context(), WithDatabase(t, at, d.name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := d.keeper.Exec(ctx, clean, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(errors.Join(err, d.keeper.Close(ctx)))
			return
		}
		shared.Lock()
		defer shared.Unlock()
		shared.idle = append(shared.idle, d)
	})
	return WithDatabase(t, at, d.name)
}

// WithDatabase returns the URL of another database of the same server.
func WithDatabase(t testing.TB, at, name string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
