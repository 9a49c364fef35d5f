package upstream

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/lockstep-dev/lockstep"
)

// A call's span names the endpoint without ids, the status and the wait for the rate limit. Only a recorded run has
// spans of calls.
func TestACallIsASpanOfItsRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spans := tracetest.NewInMemoryExporter()
		provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
		ctx, run := provider.Tracer("test").Start(t.Context(), "run")
		gate := paced.NewGate(lockstep.Limits{PerSecond: 1})
		gate.all.tokens = 1
		fine := func() error { return nil }
		missing := func() error {
			return &lockstep.UpstreamError{Provider: "acme", Status: 404, Err: errors.New("no thing of ada@example.com")}
		}
		if err := gate.Call(ctx, "GET", "/v1/things/th_1", fine); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := gate.Call(ctx, "GET", "/v1/things/th_2", missing); err == nil {
			t.Fatal("want the 404")
		}
		waited := time.Since(began)
		if err := gate.Call(t.Context(), "GET", "/v1/things/th_1", fine); err != nil {
			t.Fatal(err) // not in a run
		}
		run.End()
		got := spans.GetSpans()
		if len(got) != 3 {
			t.Fatalf("%d spans, want two calls and the run", len(got))
		}
		for i, want := range []struct {
			status string
			wait   time.Duration
		}{{"2xx", 0}, {"404", waited}} {
			values := attribute.NewSet(got[i].Attributes...)
			status, _ := values.Value("lockstep.status")
			wait, _ := values.Value("lockstep.limiter.wait_ms")
			if got[i].Name != "GET /v1/things/{}" || got[i].Parent.SpanID() != run.SpanContext().SpanID() ||
				status.AsString() != want.status || wait.AsFloat64() != float64(want.wait.Microseconds())/1000 ||
				(got[i].Status.Description != "") != (i == 1) || len(got[i].Events) > 0 {
				t.Errorf("call %d: %+v", i, got[i])
			}
		}
		if waited == 0 || got[1].Status.Description != "404" {
			t.Errorf("waited %s, %q", waited, got[1].Status.Description)
		}
	})
}
