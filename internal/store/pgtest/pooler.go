package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/store/freeport"
)

// pooler is a PgBouncer in front of a server.
type pooler struct {
	program, dir string
	server       *url.URL
	port         int
}

// Pooler starts a PgBouncer in transaction mode in front of the server that the tests of this process
// share, and returns the URL of the same server through it. There, each transaction may get another
// session.
func Pooler(t testing.TB) string {
	t.Helper()
	p := &pooler{program: poolerProgram(t)}
	var err error
	if p.server, err = url.Parse(Server(t)); err != nil {
		t.Fatal(err)
	}
	if p.port, err = freeport.Take(); err != nil {
		t.Fatal(err)
	}
	if p.dir, err = os.MkdirTemp("", "lockstep-pooler-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(p.dir); err != nil {
			t.Error(err)
		}
	})
	if err := p.configure(); err != nil {
		t.Fatal(err)
	}
	end, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	if err := p.awaitReady(); err != nil {
		t.Fatal(err)
	}
	return p.url()
}

// poolerProgram returns the path of PgBouncer, or skips the test.
func poolerProgram(t testing.TB) string {
	t.Helper()
	if program, err := exec.LookPath("pgbouncer"); err == nil {
		return program
	}
	const debian = "/usr/sbin/pgbouncer" // the PATH may lack sbin
	if _, err := os.Stat(debian); err != nil {
		absent(t, errAbsent)
	}
	return debian
}

// configure writes the pooler's files.
func (p *pooler) configure() error {
	password, _ := p.server.User.Password()
	auth := "md5"
	if password == "" { // the given server asks for no password
		auth = "trust"
	}
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = %s
auth_file = %s
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
server_round_robin = 1
`, p.server.Hostname(), p.server.Port(), p.port, auth, filepath.Join(p.dir, "users"))
	users := fmt.Sprintf("%q %q\n", p.server.User.Username(), password)
	return errors.Join(os.WriteFile(filepath.Join(p.dir, "config"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(p.dir, "users"), []byte(users), 0o600))
}

// start starts the pooler; as root, it runs it as an unprivileged user, who then owns its files.
func (p *pooler) start() (end func(), err error) {
	// nolint:gosec // the program is PgBouncer
	cmd := exec.CommandContext(context.Background(), p.program, "-q", filepath.Join(p.dir, "config"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		return spawn(cmd)
	}
	owner, err := nobody()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{".", "config", "users"} {
		if err := os.Chown(filepath.Join(p.dir, name), int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	cmd.SysProcAttr.Credential = owner
	return spawn(cmd)
}

func (p *pooler) url() string {
	pooled := *p.server
	pooled.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port))
	return pooled.String()
}

func (p *pooler) awaitReady() error {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := execute(p.url(), "select 1")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PgBouncer does not answer: %w", err)
		}
	}
}

// spawn starts a program. end kills it; the end of this process does too.
func spawn(cmd *exec.Cmd) (end func(), err error) {
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The system sends Pdeathsig when the thread that started the program ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return func() { _ = cmd.Process.Kill(); <-ended }, nil
}

// nobody returns an unprivileged user to run servers when root runs the tests: servers refuse root.
func nobody() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
	}
	return nil, errors.New("no user named postgres or nobody exists to run servers; create one, or run the tests without root")
}
