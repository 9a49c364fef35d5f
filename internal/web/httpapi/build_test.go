package httpapi_test

import (
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/server"
)

// TestTheBuildIsShown: /healthz, /metrics and the log name the build of Lockstep, not of the program that
// embeds it.
func TestTheBuildIsShown(t *testing.T) {
	t.Parallel()
	var log lines
	k := start(t, func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	if a := k.call(http.MethodGet, "/healthz", "", ""); a.status != 200 ||
		!strings.Contains(a.body, `"build":{"version":"devel","go":"`+runtime.Version()+`"}`) {
		t.Errorf("/healthz: %d %s", a.status, a.body)
	}
	if a := k.call(http.MethodGet, "/livez", "", ""); strings.Contains(a.body, "build") {
		t.Errorf("/livez: %s", a.body)
	}
	want := `lockstep_build_info{commit="",date="",go="` + runtime.Version() + `",version="devel"} 1`
	if text := k.scrape(apiKey).body; !strings.Contains(text, want) {
		t.Errorf("/metrics lacks %s", want)
	}
	k.until("the log names the build", func() bool {
		return strings.Contains(log.text(), `msg="service started" version=devel commit="" date="" go=`+runtime.Version())
	})
}

// lines is a log that several goroutines write and read.
type lines struct {
	mu      sync.Mutex
	written strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.String()
}
