package fleet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long is waited for what must come, on a machine that is slow.
const patience = 3 * time.Minute

// replica is one process of `lockstep serve`.
type replica struct {
	name, program string
	env           []string
	config        string // its lockstep.toml

	mu      sync.Mutex
	process *os.Process
	ended   chan error // the process's end, closed after it
	url     string     // empty: it does not listen yet, was killed or has left
	away    string     // its url, while it has left
	log     bytes.Buffer
}

// Write takes what the process says on standard error.
func (r *replica) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(line)
}

// said is all that the process and those before it have said.
func (r *replica) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// label is what PostgreSQL knows its connections by.
func (r *replica) label() string { return strings.ReplaceAll(r.name, " ", "-") }

func (r *replica) at() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.url
}

// start starts the process and waits until it listens.
func (r *replica) start() error {
	cmd := exec.Command(r.program, "serve", "--addr=127.0.0.1:0", "--config="+r.config, "--log-level=debug")
	cmd.Env, cmd.Stderr = r.env, r
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		// The signal comes when the thread ends that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, url, says := strings.Cut(strings.TrimSpace(line), "listens on ")
	if err != nil || !says {
		return fmt.Errorf("%s did not begin to listen: %w: %s", r.name, errors.Join(err, <-ended), r.said())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process, r.ended, r.url = cmd.Process, ended, url
	return nil
}

func (r *replica) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := r.process.Signal(signal); err != nil {
		t.Errorf("%s: %v", r.name, err)
	}
}

// kill ends the process as a power failure would, and waits for its end.
func (r *replica) kill() error {
	r.mu.Lock()
	process, ended := r.process, r.ended
	r.process, r.url = nil, ""
	r.mu.Unlock()
	if process == nil {
		return nil
	}
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = <-ended //nolint:staticcheck // that it was killed
	return nil
}

// end asks the process to end and returns how it did.
func (r *replica) end(t testing.TB) error {
	t.Helper()
	r.signal(t, syscall.SIGTERM)
	select {
	case err := <-r.ended:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.process, r.url = nil, ""
		return err
	case <-time.After(patience):
		return errors.Join(errors.New("it does not end"), r.kill())
	}
}

// faults are lines of its log that must not be there.
func (r *replica) faults() (lines []string) {
	for line := range strings.Lines(r.said()) {
		for _, canary := range []string{"panic", "DATA RACE", "@example.com", stripeKey, clerkKey, apiKey, stripeWebhook,
			clerkWebhook} {
			if strings.Contains(line, canary) {
				lines = append(lines, r.name+" said: "+line)
			}
		}
	}
	return lines
}
