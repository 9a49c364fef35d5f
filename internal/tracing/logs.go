package tracing

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
)

// Logs returns a handler that adds to each record the run and the span of its context: run, trace_id and span_id.
func Logs(next slog.Handler) slog.Handler { return logs{next} }

type logs struct{ slog.Handler }

// Handle implements [slog.Handler].
func (l logs) Handle(ctx context.Context, r slog.Record) error {
	run, span := lockstep.RunOf(ctx), trace.SpanContextFromContext(ctx)
	if run != "" || span.IsValid() {
		r = r.Clone() // a record may be shared with other handlers
	}
	if run != "" {
		r.AddAttrs(slog.String("run", string(run)))
	}
	if span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (l logs) WithAttrs(attrs []slog.Attr) slog.Handler { return logs{l.Handler.WithAttrs(attrs)} }

// WithGroup implements [slog.Handler].
func (l logs) WithGroup(name string) slog.Handler { return logs{l.Handler.WithGroup(name)} }
