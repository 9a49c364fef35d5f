package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/freeport"
)

// patience is how long a server may take to do something on a slow machine.
const patience = 3 * time.Minute

// admin is the superuser of every cluster.
const admin = "lockstep"

// Cluster is a PostgreSQL server with its data.
type Cluster struct {
	Port int

	bin, dir, password string
	credential         *syscall.Credential
	settings           []string
	server             *exec.Cmd
	ended              chan struct{} // closed when the server has ended
}

// programs returns the folder of initdb and postgres; empty if there is none.
func programs() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return ""
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1])
}

func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// New returns a cluster with a new data folder. It does not start the server.
func New() (*Cluster, error) {
	c := &Cluster{bin: programs(), password: rand.Text()}
	if c.bin == "" {
		return nil, errAbsent
	}
	var err error
	if c.dir, err = os.MkdirTemp("", "lockstep-pg-"); err != nil {
		return nil, err
	}
	if err := c.unprivileged(); err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	if c.Port, err = freeport.Take(); err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

var errAbsent = errors.New("PostgreSQL is not installed; `make test` installs it")

// unprivileged makes root run the server as another user.
func (c *Cluster) unprivileged() (err error) {
	if os.Geteuid() != 0 {
		return nil
	}
	if c.credential, err = nobody(); err != nil {
		return err
	}
	return os.Chown(c.dir, int(c.credential.Uid), int(c.credential.Gid))
}

// command returns a command for one of PostgreSQL's programs.
func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.password, "LC_ALL=C.UTF-8", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.credential}
	return cmd
}

func (c *Cluster) run(name string, args ...string) error {
	if out, err := c.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// Init creates the data of a primary. Its collation is English if the server supports it, so tests
// notice an order that does not ask for bytes.
func (c *Cluster) Init() error {
	secret := filepath.Join(c.dir, "password")
	if err := os.WriteFile(secret, []byte(c.password), 0o600); err != nil {
		return err
	}
	if c.credential != nil {
		if err := os.Chown(secret, int(c.credential.Uid), int(c.credential.Gid)); err != nil {
			return err
		}
	}
	// The client's part of SCRAM takes thousands of hashes, which take tens of milliseconds for
	// each connection under the race detector.
	args := []string{"-D", c.data(), "-U", admin, "-A", "md5", "--pwfile", secret, "-E", "UTF8", "--locale=C.UTF-8",
		"--no-sync"}
	if err := c.run("initdb", append(args, "--locale-provider=icu", "--icu-locale=en-US")...); err == nil {
		return nil
	}
	if err := os.RemoveAll(c.data()); err != nil {
		return err
	}
	return c.run("initdb", args...)
}

// Start starts the server with further settings, each "name=value", and waits until it answers. The
// server ends with this process at the latest. It looks for deadlocks, which some tests provoke,
// sooner than by default.
func (c *Cluster) Start(settings ...string) error {
	c.settings = settings
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.Port)}
	for _, s := range append([]string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=150",
		"shared_buffers=64MB",
		"wal_level=replica", "max_wal_senders=6", "log_min_messages=warning", "autovacuum_naptime=5s",
		"deadlock_timeout=20ms"}, settings...) {
		args = append(args, "-c", s)
	}
	c.server = c.command("postgres", args...)
	c.server.Stdout, c.server.Stderr = log, log
	c.server.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	ended, started := make(chan struct{}), make(chan error)
	c.ended = ended
	server := c.server
	go func() {
		// The signal comes when the thread that started the server ends, not the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := server.Start()
		started <- err
		if err == nil {
			_ = server.Wait() // the log says how it ended
		}
		_ = log.Close() // the server has written it
		close(ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	return c.awaitReady()
}

func (c *Cluster) awaitReady() error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = c.Exec("postgres", "select 1"); err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("postgres ended: %s", c.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("postgres is not ready: %w: %s", err, c.Log())
}

// Log returns the end of the server's log.
func (c *Cluster) Log() string {
	text, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// Stop ends the server: SIGTERM waits for clients, SIGINT ends their transactions, and SIGQUIT
// crashes it, so the next start recovers.
func (c *Cluster) Stop(signal syscall.Signal) error {
	if c.server == nil {
		return nil
	}
	if err := c.server.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-c.ended
	c.server = nil
	return nil
}

// Kill kills the server and all its processes, as a failing machine does.
func (c *Cluster) Kill() error {
	if err := c.run("pg_ctl", "kill", "KILL", strconv.Itoa(c.server.Process.Pid)); err != nil {
		return err
	}
	<-c.ended // its children notice and end too
	c.server = nil
	return nil
}

// Restart crashes the server and starts it again, as pg_ctl restart -m immediate does, with its
// previous settings unless others are given.
func (c *Cluster) Restart(settings ...string) error {
	if err := c.Stop(syscall.SIGQUIT); err != nil {
		return err
	}
	if len(settings) == 0 {
		settings = c.settings
	}
	return c.Start(settings...)
}

// Standby returns a running standby of the cluster. If the primary names it in
// synchronous_standby_names, it has every commit before the commit is answered.
func (c *Cluster) Standby(name string) (*Cluster, error) {
	s, err := New()
	if err != nil {
		return nil, err
	}
	s.password = c.password
	source := fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s application_name=%s", c.Port, admin, c.password,
		name)
	if err := s.run("pg_basebackup", "-D", s.data(), "-d", source, "-R", "-X", "stream", "-c", "fast",
		"--no-sync"); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	if err := s.Start("hot_standby=on"); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// Promote makes a standby the primary.
func (c *Cluster) Promote() error { return c.Exec("postgres", "select pg_promote()") }

// Remove ends the server and removes its data.
func (c *Cluster) Remove() error {
	return errors.Join(c.Stop(syscall.SIGQUIT), os.RemoveAll(c.dir))
}

// URL returns the URL of a database of the cluster.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s", admin, c.password, c.Port, database)
}

// MultiHost returns the URL of a database that is on this cluster or on another.
func (c *Cluster) MultiHost(other *Cluster, database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d,127.0.0.1:%d/%s?target_session_attrs=read-write&connect_timeout=10",
		admin, c.password, c.Port, other.Port, database)
}

// Exec runs statements in a database.
func (c *Cluster) Exec(database, statements string) error {
	return execute(c.URL(database), statements)
}

func execute(url, statements string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statements, pgx.QueryExecModeSimpleProtocol)
	return errors.Join(err, conn.Close(ctx))
}

// Own returns a running cluster that belongs to the test alone, which may kill it.
func Own(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	c, err := New()
	if err != nil {
		absent(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() && c.server != nil {
			t.Logf("PostgreSQL said: %s", c.Log())
		}
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(c.Init(), c.Start(settings...)); err != nil {
		t.Fatal(err)
	}
	return c
}

// absent skips a test because PostgreSQL is missing. With CI set, it fails the test.
func absent(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, errAbsent) || os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// named returns an unused name for a database.
func named() string { return "t_" + strings.ToLower(rand.Text()[:12]) }
