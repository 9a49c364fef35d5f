package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
)

// scope names the instrumentation.
const scope = "github.com/lockstep-dev/lockstep"

// Tracer records deliveries and runs. A nil Tracer records nothing.
type Tracer struct {
	spans  trace.Tracer
	causes causes
}

// New returns a tracer that finds the causes of runs in a store; nil if there is no provider.
func New(provider trace.TracerProvider, store Store) *Tracer {
	if provider == nil {
		return nil
	}
	return &Tracer{provider.Tracer(scope), causes{store}}
}

// Delivery is a verified webhook that has been answered.
type Delivery struct {
	Event   lockstep.EventName
	Type    string // of the event
	Key     lockstep.KeyKind
	Outcome string
	Stored  bool // this delivery stored the event
	Failed  bool // it was answered with an error
	Began   time.Time
}

// Delivery records a delivery. It returns a context for the log lines about it.
//
// The span is started when the outcome is known, because its ids depend on it. It is a root, also if the program
// that serves us has a span for the request; then it links to that.
func (t *Tracer) Delivery(ctx context.Context, d Delivery) context.Context {
	if t == nil {
		return ctx
	}
	options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithTimestamp(d.Began),
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("lockstep.source", string(d.Event.Source)), attribute.String("lockstep.event", d.Event.ID),
			attribute.String("lockstep.event.type", d.Type), attribute.String("lockstep.key.kind", string(d.Key)),
			attribute.String("lockstep.outcome", d.Outcome))}
	if around := trace.SpanContextFromContext(ctx); around.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: around}))
	}
	starting, event := ctx, deliveryOf(d.Event)
	if d.Stored {
		starting = withOrigin(ctx, event)
	} else {
		options = append(options, trace.WithLinks(event.link()))
	}
	_, span := t.spans.Start(starting, "delivery "+string(d.Event.Source), options...)
	if d.Failed {
		span.SetStatus(codes.Error, d.Outcome)
	}
	span.End()
	return trace.ContextWithSpan(ctx, span)
}

// Run is the span of a run. A nil Run records nothing.
type Run struct{ span trace.Span }

// Run starts the span of a run, with links to what caused it.
func (t *Tracer) Run(ctx context.Context, claim lockstep.Claim, began time.Time) (context.Context, *Run) {
	if t == nil {
		return ctx, nil
	}
	starting := ctx
	if o, known := runOf(lockstep.RunOf(ctx)); known {
		starting = withOrigin(ctx, o)
	}
	_, span := t.spans.Start(starting, "run "+string(claim.Key.Kind), trace.WithNewRoot(), trace.WithTimestamp(began),
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			attribute.String("lockstep.key", claim.Key.String()), attribute.String("lockstep.key.kind", string(claim.Key.Kind)),
			attribute.String("lockstep.priority", claim.Priority.String()), attribute.Int("lockstep.attempt", claim.Attempt),
			attribute.StringSlice("lockstep.scope", claim.Scope.Names())))
	if span.IsRecording() { // reading the causes costs a read
		for _, link := range t.causes.of(ctx, claim) {
			span.AddLink(link)
		}
	}
	return trace.ContextWithSpan(ctx, span), &Run{span}
}

// Ended ends the span. lost means that the outcome could not be recorded.
func (r *Run) Ended(outcome lockstep.Outcome, lost bool) {
	if r == nil {
		return
	}
	r.span.SetAttributes(attribute.String("lockstep.disposition", string(outcome.Disposition)))
	if outcome.Reason != "" {
		r.span.SetAttributes(attribute.String("lockstep.reason", outcome.Reason))
	}
	switch {
	case lost:
		r.span.SetStatus(codes.Error, "lease lost")
	case outcome.Disposition == lockstep.Failed, outcome.Disposition == lockstep.Retry && !outcome.Untried:
		r.span.SetStatus(codes.Error, outcome.Reason)
	}
	r.span.End()
}
