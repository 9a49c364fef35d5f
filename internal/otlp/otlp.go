// Package otlp sends traces to an OpenTelemetry collector, as the standard environment variables of OpenTelemetry
// say. Only commands use it: an embedding program brings its own provider.
//
// Sending never holds up the work. Spans wait in a queue of bounded size, are sent in batches, and are dropped when
// the collector is too slow or down. Failures are logged, at most once a minute.
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep/internal/buildinfo"
	"github.com/lockstep-dev/lockstep/internal/tracing"
)

// flushWithin bounds how long the end of the program waits for the collector.
const flushWithin = 3 * time.Second

// The variables that this package reads itself; the SDK and the exporters read the others.
const (
	endpointVariable       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesEndpointVariable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	protocolVariable       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	tracesProtocolVariable = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	exporterVariable       = "OTEL_TRACES_EXPORTER"
	disabledVariable       = "OTEL_SDK_DISABLED"
)

// FromEnvironment returns a provider that sends to the collector that the environment names; nil if it names none.
// stop sends what is left, within a few seconds. It sets OpenTelemetry's process-wide error handler and logger.
func FromEnvironment(ctx context.Context, getenv func(string) string, log *slog.Logger) (provider trace.TracerProvider,
	stop func(), err error) {
	stop = func() {}
	if err := Check(getenv); err != nil {
		return nil, stop, err
	}
	if on, err := wanted(getenv); err != nil || !on {
		return nil, stop, err
	}
	exporter, err := newExporter(ctx, getenv)
	if err != nil {
		return nil, stop, err
	}
	failing := &failures{log: log}
	otel.SetErrorHandler(failing)
	otel.SetLogger(logr.FromSlogHandler(log.Handler()))
	traces := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(describe(ctx, log)),
		sdk.WithIDGenerator(tracing.IDs{}))
	return traces, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
		defer cancel()
		if err := traces.Shutdown(ctx); err != nil {
			failing.Handle(err)
		}
	}, nil
}

// wanted reports whether the environment turns traces on.
func wanted(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv(disabledVariable), "true") {
		return false, nil
	}
	variable := tracesEndpointVariable
	if getenv(variable) == "" {
		variable = endpointVariable
	}
	if getenv(variable) == "" {
		return false, nil
	}
	switch exporter := getenv(exporterVariable); exporter {
	case "none":
		return false, nil
	case "", "otlp":
	default:
		return false, fmt.Errorf(`%s: %q is not supported; use "otlp" or "none"`, exporterVariable, exporter)
	}
	// The exporters would log the mistake and send to localhost. The URL may contain a password.
	if u, err := url.Parse(getenv(variable)); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false, fmt.Errorf("%s: it is not a URL with http or https; for example http://127.0.0.1:4318", variable)
	}
	return true, nil
}

// newExporter connects to nothing yet.
func newExporter(ctx context.Context, getenv func(string) string) (*otlptrace.Exporter, error) {
	if protocol(getenv) == "grpc" {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

// describe returns what the spans say of this process. What the environment says comes last and wins. The command
// line is left out: it may contain a password. What cannot be found out is left out too.
func describe(ctx context.Context, log *slog.Logger) *resource.Resource {
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithProcessPID(),
		resource.WithAttributes(attribute.String("service.name", "lockstep"),
			attribute.String("service.version", buildinfo.Read().Version)),
		resource.WithFromEnv())
	if err != nil {
		log.WarnContext(ctx, "traces describe this process incompletely; check OTEL_RESOURCE_ATTRIBUTES", "error", err)
	}
	return about
}
