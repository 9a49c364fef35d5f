package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// child starts a span under the recorded span of the context. It returns nil without one.
func child(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, nil
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attributes...))
}

// Call is the span of a call to a provider. A nil Call records nothing.
type Call struct{ span trace.Span }

// StartCall starts the span of a call. The endpoint has no ids.
func StartCall(ctx context.Context, provider, endpoint string) *Call {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return nil // without the attributes, which would cost
	}
	_, span := child(ctx, endpoint, attribute.String("lockstep.provider", provider),
		attribute.String("lockstep.endpoint", endpoint))
	return &Call{span}
}

// Admitted notes that the rate limit let the call go after a wait.
func (c *Call) Admitted(waited time.Duration) {
	if c != nil {
		c.span.SetAttributes(attribute.Float64("lockstep.limiter.wait_ms", float64(waited.Microseconds())/1000))
	}
}

// Ended ends the span with the status that the metrics have: "2xx", "404".
func (c *Call) Ended(status string, failed bool) {
	if c == nil {
		return
	}
	c.span.SetAttributes(attribute.String("lockstep.status", status))
	if failed {
		c.span.SetStatus(codes.Error, status)
	}
	c.span.End()
}
