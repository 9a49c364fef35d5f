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

// Pooler starts a PgBouncer in transaction mode in front of the server that the tests of
// this process have in common, and returns the URL of the same server through it. Each
// transaction may have another session there.
func Pooler(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // Debian's, where the PATH has no sbin
		if _, err := os.Stat(program); err != nil {
			absent(t, errAbsent)
		}
	}
	at, err := url.Parse(Server(t))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "lockstep-pooler-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	password, _ := at.User.Password()
	auth := "md5"
	if password == "" { // a given server that asks for none
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
`, at.Hostname(), at.Port(), port, auth, filepath.Join(dir, "users"))
	for name, text := range map[string]string{"config": config, "users": fmt.Sprintf("%q %q\n", at.User.Username(),
		password)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// nolint:gosec // the program is PgBouncer
	cmd := exec.CommandContext(context.Background(), program, "-q", filepath.Join(dir, "config"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		if cmd.SysProcAttr.Credential, err = nobody(); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".", "config", "users"} {
			if err := os.Chown(filepath.Join(dir, name), int(cmd.SysProcAttr.Credential.Uid),
				int(cmd.SysProcAttr.Credential.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	end, err := spawn(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	pooled := *at
	pooled.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if err = execute(pooled.String(), "select 1"); err == nil {
			return pooled.String()
		}
		if time.Now().After(deadline) {
			t.Fatalf("PgBouncer does not answer: %v", err)
		}
	}
}

// spawn starts a program that ends with this process at the latest. end kills it.
func spawn(cmd *exec.Cmd) (end func(), err error) {
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// Pdeathsig is sent when the thread ends that started the program.
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

// nobody is who runs servers where root is who tests, since they refuse root.
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
	return nil, errors.New("there is neither a user postgres nor nobody to run servers as")
}
