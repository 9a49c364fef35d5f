package console_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// livePages are what people leave open.
var livePages = []string{"/console", "/console/accounts", "/console/audit"}

// BenchmarkLivePages reports how much of a core fifty open pages cost while something changes twice a second. It
// includes the pages' own side, which runs in the same process. Run it with -benchtime 1x.
func BenchmarkLivePages(b *testing.B) {
	k := start(b)
	k.buy(k.ada(), "pro")
	anna := k.signIn(lockstep.ConsoleViewer)
	for b.Loop() {
		none, _ := anna.watch(0)
		fifty, renders := anna.watch(50)
		b.ReportMetric(none*100, "%core/0-pages")
		b.ReportMetric(fifty*100, "%core/50-pages")
		b.ReportMetric((fifty-none)*100, "%core/difference")
		b.ReportMetric(renders, "renders/s")
	}
}

// watched is how long a measurement takes.
const watched = 30 * time.Second

// watch opens pages, and returns the share of a core that the process used, and how often a page was rendered.
func (p *person) watch(pages int) (share, rendersPerSecond float64) {
	p.Helper()
	ctx, cancel := context.WithCancel(p.Context())
	var open sync.WaitGroup
	var renders atomic.Int64
	for i := range pages {
		open.Go(func() { p.follow(ctx, livePages[i%len(livePages)], &renders) })
	}
	open.Go(func() {
		for tick := time.NewTicker(500 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				if err := p.store.AppendAudit(ctx, lockstep.AuditEntry{Request: "r", Actor: "key/k", Action: "a", Subject: "s",
					Result: lockstep.AuditDone}); err != nil && ctx.Err() == nil {
					p.Error(err)
				}
			}
		}
	})
	time.Sleep(2 * time.Second)
	renders.Store(0)
	before := used()
	time.Sleep(watched)
	share = (used() - before).Seconds() / watched.Seconds()
	rendersPerSecond = float64(renders.Load()) / watched.Seconds()
	cancel()
	open.Wait()
	return share, rendersPerSecond
}

// follow does what app.js does: after each change it fetches the content of the page.
func (p *person) follow(ctx context.Context, page string, renders *atomic.Int64) {
	client := &http.Client{Jar: p.client.Jar}
	defer client.CloseIdleConnections()
	get := func(path string) io.ReadCloser {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, http.NoBody)
		if err != nil {
			p.Error(err)
			return nil
		}
		request.Header.Set("Lockstep-Fragment", "main")
		response, err := client.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			if ctx.Err() == nil {
				p.Errorf("%s: %v, %v", path, response, err)
			}
			return nil
		}
		return response.Body
	}
	stream := get("/console/live")
	if stream == nil {
		return
	}
	defer func() { _ = stream.Close() }() // the test ends it
	for lines := bufio.NewScanner(stream); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "event: changed") {
			continue
		}
		if body := get(page); body != nil {
			_, err := io.Copy(io.Discard, body)
			if err == nil {
				renders.Add(1)
			}
			_ = body.Close() // it was read
		}
	}
}

// used is the processor time of this process.
func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
