package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/otlp"
)

// variant is Lockstep with something more or less than usual, so that its cost can be measured.
type variant struct {
	traces    bool // it sends traces to the measuring process
	forgetful bool // its runs leave no records
}

// provider returns the provider of traces, and what stops it.
func (v variant) provider(ctx context.Context) (trace.TracerProvider, func(), error) {
	if !v.traces {
		return nil, func() {}, nil
	}
	return otlp.FromEnvironment(ctx, os.Getenv, slog.New(slog.NewTextHandler(os.Stderr, nil)))
}

// store returns the store that the variant uses.
func (v variant) store(s lockstep.Store) lockstep.Store {
	if !v.forgetful {
		return s
	}
	measured, _ := s.(lockstep.Measured) // both of our stores measure themselves
	return forgetful{s, measured}
}

// forgetful is a store that keeps no records of runs.
type forgetful struct {
	lockstep.Store
	lockstep.Measured
}

// Finish implements [lockstep.Queue].
func (f forgetful) Finish(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) error {
	outcome.Run = nil
	return f.Store.Finish(ctx, claim, outcome)
}

// sink takes traces with as little work as possible, so that its own cost is not measured.
type sink struct {
	server *http.Server
	bytes  atomic.Int64
}

// newSink listens on loopback. The processes that this one starts find it in the environment; only those of a
// traced variant look.
func newSink() (*sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		return nil, err
	}
	s := &sink{}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go s.server.Serve(listener) //nolint:errcheck // close ends it
	return s, os.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
}

// ServeHTTP implements [http.Handler].
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body) // a sender that breaks off sends again
	s.bytes.Add(n)
	w.WriteHeader(http.StatusOK)
}

func (s *sink) close() error { return s.server.Close() }
