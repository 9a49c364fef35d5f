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

// patience is how long to wait for what must happen, on a slow machine.
const patience = 3 * time.Minute

// replica is one process of `lockstep serve`.
type replica struct {
	name, program string
	env           []string
	config        string // its lockstep.toml

	mu      sync.Mutex
	process *os.Process
	ended   chan error // gets the result of the process, then is closed
	url     string     // empty if it does not listen yet, was killed, or left the balancer
	away    string     // its url while it has left the balancer
	log     bytes.Buffer
}

// Write collects the process's standard error.
func (r *replica) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(line)
}

// said returns the output of the process and its predecessors.
func (r *replica) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// label is the application name of its connections to PostgreSQL.
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
		// Pdeathsig fires when the thread that started the process ends.
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
		return fmt.Errorf("%s did not start to listen: %w: %s", r.name, errors.Join(err, <-ended), r.said())
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

// kill ends the process as a power failure would, and waits for it.
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
	_ = <-ended //nolint:staticcheck // killed, as it should be
	return nil
}

// end asks the process to end, and returns its result.
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
		return errors.Join(errors.New("the process does not end on SIGTERM"), r.kill())
	}
}

// faults returns the lines of its log that must not be there.
func (r *replica) faults() (lines []string) {
	for line := range strings.Lines(r.said()) {
		for _, canary := range []string{"panic", "DATA RACE", "@example.com", stripeKey, clerkKey, apiKey, stripeWebhook,
			clerkWebhook} {
			if strings.Contains(line, canary) {
				lines = append(lines, r.name+" logged: "+line)
			}
		}
	}
	return lines
}
