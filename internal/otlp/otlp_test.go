package otlp_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/otlp"
)

// environment returns a getenv, and sets the variables for the SDK, which reads the process's.
func environment(t *testing.T, variables ...string) func(string) string {
	t.Helper()
	values := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
		t.Setenv(name, value)
	}
	return func(name string) string { return values[name] }
}

func TestTracesAreOffUnlessAnEndpointIsSet(t *testing.T) {
	for _, variables := range [][]string{
		{},
		{"OTEL_SERVICE_NAME=lockstep"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_SDK_DISABLED=true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_TRACES_EXPORTER=none"},
	} {
		provider, stop, err := otlp.FromEnvironment(t.Context(), environment(t, variables...), slog.Default())
		if provider != nil || err != nil {
			t.Errorf("%q: %v, %v", variables, provider, err)
		}
		stop()
	}
}

func TestAWrongEnvironmentIsRefused(t *testing.T) {
	for want, variables := range map[string][]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT: it is not a URL": {"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317"},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: it is not a URL": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://x",
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"},
		`OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" is not supported; use "http/protobuf" or "grpc"`: {
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json"},
		`OTEL_TRACES_EXPORTER: "zipkin" is not supported; use "otlp" or "none"`: {
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_TRACES_EXPORTER=zipkin"},
	} {
		_, _, err := otlp.FromEnvironment(t.Context(), environment(t, variables...), slog.Default())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", variables, err, want)
		}
	}
}

// A collector that never answers holds up nothing: spans that do not fit are dropped, and the failures take one line.
func TestASilentCollectorHoldsUpNothing(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(asked) })
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}))
	defer silent.Close()
	defer close(answer)
	var out lines
	log := slog.New(slog.NewTextHandler(&out, nil))
	// The queue has room for 100 spans, and the export of a batch takes longer than this test.
	provider, stop, err := otlp.FromEnvironment(t.Context(), environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+silent.URL,
		"OTEL_BSP_MAX_QUEUE_SIZE=100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=10"), log)
	if err != nil {
		t.Fatal(err)
	}
	tracer := provider.Tracer("test")
	emit := func(n int) {
		for range n {
			_, span := tracer.Start(context.WithoutCancel(t.Context()), "work")
			span.End()
		}
	}
	emit(10)
	<-asked // the exporter waits from here on
	emit(10_000)
	stop() // bounded, although nobody answers
	if got := out.count("traces not sent"); got != 1 {
		t.Errorf("%d lines about failures, want 1", got)
	}
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}
