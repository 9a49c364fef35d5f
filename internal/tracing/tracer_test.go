package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/tracing"
)

// book is a store of causes. It counts how often it is read.
type book struct {
	events []lockstep.EventName
	notice lockstep.Notice
	runs   []lockstep.Run
	err    error
	reads  int
}

func (b *book) OpenEvents(context.Context, lockstep.Claim, int) ([]lockstep.EventName, error) {
	b.reads++
	return b.events, b.err
}

func (b *book) Notice(context.Context, string) (lockstep.Notice, error) {
	b.reads++
	return b.notice, b.err
}

func (b *book) Runs(context.Context, lockstep.RunFilter) (lockstep.RunPage, error) {
	b.reads++
	return lockstep.RunPage{Runs: b.runs}, b.err
}

func newTracer(t *testing.T, store *book, options ...sdk.TracerProviderOption) (*tracing.Tracer,
	*tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(append(options, sdk.WithSyncer(spans), sdk.WithIDGenerator(tracing.IDs{}))...)
	t.Cleanup(func() {
		if err := provider.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return tracing.New(provider, store), spans
}

var paid = lockstep.EventName{Source: lockstep.Stripe, ID: "evt_1"}

func delivered(outcome string) tracing.Delivery {
	return tracing.Delivery{Event: paid, Type: "invoice.paid", Key: lockstep.KeyCustomer, Outcome: outcome,
		Stored: outcome == "stored", Failed: outcome == "not_stored", Began: time.Now().Add(-time.Second)}
}

// A run in another process finds the delivery that stored its event. Ids never occur twice: a redelivery is another
// span, which links to the first.
func TestARunLinksToTheDeliveryThatStoredItsEvent(t *testing.T) {
	t.Parallel()
	first, deliveries := newTracer(t, &book{})
	for _, outcome := range []string{"not_stored", "stored", "duplicate", "duplicate"} {
		first.Delivery(t.Context(), delivered(outcome))
	}
	second, runs := newTracer(t, &book{events: []lockstep.EventName{paid}})
	_, run := second.Run(t.Context(), lockstep.Claim{Key: lockstep.Key{Kind: lockstep.KeyUser, ID: "user_1"}}, time.Now())
	run.Ended(lockstep.Outcome{Disposition: lockstep.Done}, false)

	var stored trace.SpanContext
	seen := map[trace.SpanID]bool{}
	for i, s := range deliveries.GetSpans() {
		if seen[s.SpanContext.SpanID()] || s.Parent.IsValid() {
			t.Errorf("delivery %d shares its id, or is a child", i)
		}
		seen[s.SpanContext.SpanID()] = true
		if i == 1 {
			stored = s.SpanContext
		}
	}
	for i, s := range deliveries.GetSpans() {
		if links := len(s.Links); (links == 0) != (i == 1) {
			t.Errorf("delivery %d has %d links", i, links)
		}
		if i != 1 && !leads(s.Links, stored) {
			t.Errorf("delivery %d does not link to the one that stored the event", i)
		}
		if failed := s.Status.Code == codes.Error; failed != (i == 0) {
			t.Errorf("delivery %d: %v", i, s.Status)
		}
	}
	if got := runs.GetSpans()[0]; got.Parent.IsValid() || !leads(got.Links, stored) {
		t.Errorf("the run has links %v, want one to %v", got.Links, stored)
	}
}

// leads reports whether a link leads to a span.
func leads(links []sdk.Link, to trace.SpanContext) bool {
	return slices.ContainsFunc(links, func(l sdk.Link) bool {
		return l.SpanContext.TraceID() == to.TraceID() && l.SpanContext.SpanID() == to.SpanID()
	})
}

// A request's span in an embedding program does not become the parent: the delivery must have the ids of its event.
func TestADeliveryLinksToTheSpanOfItsRequest(t *testing.T) {
	t.Parallel()
	tracer, spans := newTracer(t, &book{})
	around := sdk.NewTracerProvider()
	ctx, request := around.Tracer("program").Start(t.Context(), "POST /webhooks/stripe")
	tracer.Delivery(ctx, delivered("stored"))
	if got := spans.GetSpans()[0]; got.Parent.IsValid() || !leads(got.Links, request.SpanContext()) {
		t.Errorf("parent %v, links %v", got.Parent, got.Links)
	}
}

// What is sent links to the run that recorded it. The id of that run is all that is stored.
func TestSendingLinksToTheRunThatRecordedTheNotice(t *testing.T) {
	t.Parallel()
	user := lockstep.Key{Kind: lockstep.KeyUser, ID: "user_1"}
	began := time.UnixMilli(1_800_000_000_000)
	id := lockstep.NewRunID(user, began)
	record := lockstep.Run{Key: user, RunReport: lockstep.RunReport{Began: began, RunFacts: lockstep.RunFacts{
		Wrote: []lockstep.RunEffect{{To: "database", What: lockstep.EffectWebhook, Times: 1}}}}}
	later := lockstep.Run{Key: user, RunReport: lockstep.RunReport{Began: began.Add(time.Minute)}}
	store := &book{notice: lockstep.Notice{ID: "n", Run: id}, runs: []lockstep.Run{later, record}}
	tracer, spans := newTracer(t, store)
	ctx, run := tracer.Run(lockstep.WithRun(t.Context(), id), lockstep.Claim{Key: user}, began)
	run.Ended(lockstep.Outcome{Disposition: lockstep.Done}, false)
	origin := trace.SpanContextFromContext(ctx)
	if origin.SpanID().String() != string(id) {
		t.Errorf("the run %s has the span %s", id, origin.SpanID())
	}
	for _, key := range []lockstep.Key{{Kind: lockstep.KeyNotice, ID: "n"}, {Kind: lockstep.KeyEmail, ID: "n"},
		{Kind: lockstep.KeyBuyerEmail, ID: "n"}, {Kind: lockstep.KeyWebhook, ID: "app/n"},
		{Kind: lockstep.KeyWebhook, ID: "app/" + lockstep.AccessSubject(lockstep.Account{Kind: lockstep.User, ID: "user_1"})}} {
		spans.Reset()
		_, run := tracer.Run(t.Context(), lockstep.Claim{Key: key}, time.Now())
		run.Ended(lockstep.Outcome{Disposition: lockstep.Done}, false)
		if got := spans.GetSpans()[0]; !leads(got.Links, origin) {
			t.Errorf("%s links to %v, want %v", key, got.Links, origin)
		}
	}
}

// A cause that cannot be read costs the link, not the run.
func TestARunWithoutReadableCauses(t *testing.T) {
	t.Parallel()
	tracer, spans := newTracer(t, &book{err: errors.New("the database is down")})
	for _, kind := range []lockstep.KeyKind{lockstep.KeyUser, lockstep.KeyNotice, lockstep.KeyWebhook, lockstep.KeySweep} {
		_, run := tracer.Run(t.Context(), lockstep.Claim{Key: lockstep.Key{Kind: kind, ID: "1/2"}}, time.Now())
		run.Ended(lockstep.Outcome{Disposition: lockstep.Retry, Reason: "down"}, false)
	}
	if got := spans.GetSpans(); len(got) != 4 || len(got[0].Links) != 0 || got[0].Status.Code != codes.Error {
		t.Errorf("%+v", got)
	}
}

// A span that is not sampled costs no read and has no children.
func TestWhatIsNotSampledReadsNothing(t *testing.T) {
	t.Parallel()
	store := &book{}
	tracer, spans := newTracer(t, store, sdk.WithSampler(sdk.NeverSample()))
	ctx, run := tracer.Run(t.Context(), lockstep.Claim{Key: lockstep.Key{Kind: lockstep.KeyUser, ID: "u"}}, time.Now())
	tracing.StartCall(ctx, "stripe", "GET /v1/things").Ended("2xx", false)
	run.Ended(lockstep.Outcome{Disposition: lockstep.Done}, false)
	if store.reads != 0 || len(spans.GetSpans()) != 0 {
		t.Errorf("%d reads, spans %v", store.reads, spans.GetSpans())
	}
}

// Without a provider, nothing is allocated and nothing is read.
func TestWithoutTracesNothingIsAllocated(t *testing.T) {
	store := &book{}
	tracer := tracing.New(nil, store)
	ctx, claim, began := t.Context(), lockstep.Claim{Key: lockstep.Key{Kind: lockstep.KeyUser, ID: "u"}}, time.Now()
	d, outcome := delivered("stored"), lockstep.Outcome{Disposition: lockstep.Done}
	allocated := testing.AllocsPerRun(100, func() {
		tracer.Delivery(ctx, d)
		in, run := tracer.Run(ctx, claim, began)
		call := tracing.StartCall(in, "stripe", "GET /v1/things")
		call.Admitted(time.Second)
		call.Ended("2xx", false)
		run.Ended(outcome, false)
	})
	if allocated != 0 || store.reads != 0 {
		t.Errorf("%g allocations and %d reads", allocated, store.reads)
	}
}

func TestLogLinesCarryRunAndSpan(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(tracing.Logs(slog.NewTextHandler(&out, nil))).With("key", "user/u")
	line := func(ctx context.Context) string {
		out.Reset()
		log.InfoContext(ctx, "in sync")
		return out.String()
	}
	if got := line(t.Context()); strings.Contains(got, "run=") || strings.Contains(got, "trace_id=") {
		t.Errorf("outside of a run: %s", got)
	}
	ctx := lockstep.WithRun(t.Context(), "0123456789abcdef")
	if got := line(ctx); !strings.Contains(got, "key=user/u run=0123456789abcdef\n") {
		t.Errorf("without traces: %s", got)
	}
	tracer, _ := newTracer(t, &book{})
	ctx, run := tracer.Run(ctx, lockstep.Claim{}, time.Now())
	defer run.Ended(lockstep.Outcome{}, false)
	want := "run=0123456789abcdef trace_id=" + trace.SpanContextFromContext(ctx).TraceID().String() +
		" span_id=0123456789abcdef\n"
	if got := line(ctx); !strings.HasSuffix(got, want) {
		t.Errorf("with traces: %s, want %s", got, want)
	}
}
