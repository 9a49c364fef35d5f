package tracing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
)

// origin is the span that a link leads to.
type origin struct {
	traceID trace.TraceID
	spanID  trace.SpanID
}

// deliveryOf returns the ids of the span of the delivery that stored an event.
func deliveryOf(event lockstep.EventName) (o origin) {
	sum := sha256.Sum256([]byte("delivery " + string(event.Source) + "/" + event.ID))
	copy(o.traceID[:], sum[:16])
	copy(o.spanID[:], sum[16:24])
	return o
}

// runOf returns the ids of a run's span, whose span id is the run's id.
func runOf(run lockstep.RunID) (o origin, known bool) {
	if n, err := hex.Decode(o.spanID[:], []byte(run)[:min(len(run), 2*len(o.spanID))]); err != nil || n < len(o.spanID) {
		return origin{}, false
	}
	sum := sha256.Sum256([]byte("run " + run))
	copy(o.traceID[:], sum[:16])
	return o, true
}

// link returns a link to the span. Whether that was sampled is not known here.
func (o origin) link() trace.Link {
	return trace.Link{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: o.traceID, SpanID: o.spanID,
		Remote: true})}
}

type originKey struct{}

// withOrigin has the next root span get these ids.
func withOrigin(ctx context.Context, o origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// IDs generates the ids of spans. It implements the SDK's IDGenerator: deliveries and runs get ids that links can be
// computed from, all other spans random ones.
type IDs struct{}

// NewIDs returns the ids of a root span.
func (IDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if o, given := ctx.Value(originKey{}).(origin); given {
		return o.traceID, o.spanID
	}
	var o origin
	random(o.traceID[:])
	random(o.spanID[:])
	return o.traceID, o.spanID
}

// NewSpanID returns the id of a child.
func (IDs) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	random(id[:])
	return id
}

// random fills an id, which must not be all zero.
func random(id []byte) {
	for {
		_, _ = rand.Read(id) // never fails
		for _, b := range id {
			if b != 0 {
				return
			}
		}
	}
}
