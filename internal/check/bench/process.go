package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"
)

// roleFlag is the first argument of a process that this program starts.
const roleFlag = "-role"

// role is what such a process runs. It serves on the listener until ctx ends, and returns figures for the report.
type role func(ctx context.Context, listener net.Listener, args []string) (map[string]float64, error)

// roles lists all roles by name.
var roles = map[string]role{
	"ceiling":           serveCeiling,
	"plain":             servePlain,
	"lockstep":          variant{}.deliveries,
	"working":           variant{}.working,
	"lockstep-traced":   variant{traces: true}.deliveries,
	"working-traced":    variant{traces: true}.working,
	"working-forgetful": variant{forgetful: true}.working,
	"answer":            serveAnswer,
}

// profilesVariable tells a process where to write its profiles.
const profilesVariable = "LOCKSTEP_BENCH_PROFILES"

// playRole runs in the started process. It prints where it serves, and ends when its standard input closes, so that it
// never outlives the process that started it.
func playRole(name string, args []string) error {
	signal.Ignore(os.Interrupt) // the parent gets the signal too, and stops this process
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		defer stop()
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // only the end matters
	}()
	finish, err := profile(os.Getenv(profilesVariable), name)
	if err != nil {
		return err
	}
	more, err := roles[name](ctx, &announced{Listener: listener}, args)
	if err := errors.Join(err, finish()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(more)
}

// announced is a listener that prints its address at the first Accept, so that opening a database is not measured.
type announced struct {
	net.Listener
	once sync.Once
}

func (a *announced) Accept() (net.Conn, error) {
	a.once.Do(func() { fmt.Println(a.Addr()) })
	return a.Listener.Accept()
}

// profile starts profiles of this process. finish writes them into the folder; with no folder, nothing is written.
func profile(folder, name string) (finish func() error, err error) {
	if folder == "" {
		return func() error { return nil }, nil
	}
	path := func(kind string) string {
		return filepath.Join(folder, fmt.Sprintf("%s-%d.%s", name, os.Getpid(), kind))
	}
	runtime.MemProfileRate = 64 << 10
	cpu, err := os.Create(path("cpu"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(path("allocs"))
		if err != nil {
			return err
		}
		return errors.Join(pprof.Lookup("allocs").WriteTo(heap, 0), heap.Close(), cpu.Close())
	}, nil
}

// process is a process that this one started.
type process struct {
	address string

	cmd   *exec.Cmd
	input io.Closer
	out   *bufio.Reader
}

// start starts this program in a role and waits until it serves.
func (b *bench) start(ctx context.Context, name string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{roleFlag, name}, args...)...)
	cmd.Env = append(os.Environ(), profilesVariable+"="+b.Profiles)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, input: input, out: bufio.NewReader(out)}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s did not start", name), p.input.Close(), cmd.Wait())
	}
	p.address = strings.TrimSpace(line)
	return p, nil
}

// stop ends the process and returns the figures that it reports.
func (p *process) stop() (more map[string]float64, err error) {
	err = p.input.Close()
	read := json.NewDecoder(p.out).Decode(&more)
	return more, errors.Join(err, p.cmd.Wait(), read)
}

// kill ends the process and discards its figures.
func (p *process) kill() {
	_, _ = p.cmd.Process.Kill(), p.cmd.Wait()
}

// peak returns the process's largest resident set in MB; 0 if the system does not report it.
func (p *process) peak() float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if size, is := strings.CutPrefix(line, "VmHWM:"); is {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(size), "kB")), 64)
			if err != nil {
				return 0
			}
			return kb / 1024
		}
	}
	return 0
}

// cpu returns the processor time that the process has used.
func (p *process) cpu() time.Duration { return cpuOf(p.cmd.Process.Pid) }

// cpuOf returns the processor time that a process has used; 0 if the system does not report it.
func cpuOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var ticks int64
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// serve answers on a listener until ctx ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second}
	context.AfterFunc(ctx, func() { _ = web.Close() })
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
