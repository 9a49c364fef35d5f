// Package collector is a receiver of OpenTelemetry traces for tests: it takes OTLP over HTTP and gRPC, and keeps what
// it got.
package collector

import (
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	service "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Span is a span with the resource that it came from.
type Span struct {
	*traces.Span
	Resource string // its attributes, "service.name=lockstep"
}

// Collector keeps all spans in memory. It is safe for concurrent use.
type Collector struct {
	service.UnimplementedTraceServiceServer

	mu    sync.Mutex
	spans []Span
}

// Export implements OTLP over gRPC.
func (c *Collector) Export(_ context.Context,
	r *service.ExportTraceServiceRequest) (*service.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, from := range r.GetResourceSpans() {
		resource := text(from.GetResource().GetAttributes())
		for _, scope := range from.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, Span{span, resource})
			}
		}
	}
	return &service.ExportTraceServiceResponse{}, nil
}

// GRPC returns a server that takes OTLP over gRPC.
func (c *Collector) GRPC() *grpc.Server {
	s := grpc.NewServer()
	service.RegisterTraceServiceServer(s, c)
	return s
}

// ServeHTTP takes OTLP over HTTP at POST /v1/traces. GET / lists the spans as [Collector.List] does.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, "collecting\n"+c.List())
		return
	}
	request := &service.ExportTraceServiceRequest{}
	body, err := read(r)
	if err == nil {
		err = proto.Unmarshal(body, request)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint("not OTLP: ", r.URL.Path, err), http.StatusBadRequest)
		return
	}
	response, err := c.Export(r.Context(), request)
	if err == nil {
		body, err = proto.Marshal(response)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(body)
}

func read(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	plain, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(plain)
}

// Spans returns the spans so far, by their start.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(c.spans), func(a, b Span) int {
		return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano)
	})
}

// List returns a line for each span: its name, ids, attributes, parent and links. A parent or a link has the
// name of its span; "?" if that has not come.
func (c *Collector) List() string {
	spans := c.Spans()
	names := map[string]string{}
	for _, s := range spans {
		names[string(s.TraceId)+string(s.SpanId)] = s.Name
	}
	var lines strings.Builder
	for _, s := range spans {
		fmt.Fprintf(&lines, "%s | trace=%x span=%x %s %s", s.Name, s.TraceId, s.SpanId, text(s.Attributes),
			strings.TrimPrefix(s.GetStatus().GetCode().String(), "STATUS_CODE_"))
		if len(s.ParentSpanId) > 0 {
			fmt.Fprintf(&lines, " | in %s", cmp.Or(names[string(s.TraceId)+string(s.ParentSpanId)], "?"))
		}
		for _, l := range s.Links {
			fmt.Fprintf(&lines, " | after %s", cmp.Or(names[string(l.TraceId)+string(l.SpanId)], "?"))
		}
		fmt.Fprintf(&lines, " | %s\n", s.Resource)
	}
	return lines.String()
}

// text returns attributes as "key=value", sorted.
func text(attributes []*common.KeyValue) string {
	var all []string
	for _, a := range attributes {
		value := a.GetValue()
		one := value.GetStringValue()
		if _, is := value.GetValue().(*common.AnyValue_StringValue); !is {
			one = value.String()
		}
		all = append(all, a.GetKey()+"="+one)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
