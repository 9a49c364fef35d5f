package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator"
)

// The effect of a request that was in flight when the simulators stopped is saved if it was answered.
func TestWhatTheLastRequestDidIsKept(t *testing.T) {
	t.Parallel()
	for answered := false; !answered; {
		var state string
		if state, answered = lastWords(t); answered && !strings.Contains(state, "Last Words") {
			t.Error("the customer is not in the state")
		}
	}
}

// lastWords stops the simulators while they create a customer, and returns the state that they save. They
// wait two seconds for requests; on a slow machine the request may not be answered.
func lastWords(t *testing.T) (state string, answered bool) {
	file := filepath.Join(t.TempDir(), "state.json")
	s, err := startSimulators("127.0.0.1:0", "127.0.0.1:0", file, simulator.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx) }()

	begun := make(chan struct{}) // closed when the body is being read
	tracing := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(begun) }})
	rest, body := io.Pipe()
	request, err := http.NewRequestWithContext(tracing, http.MethodPost, s.stripeURL()+"/v1/customers", rest)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Expect", "100-continue")
	status := make(chan int, 1)
	go func() {
		transport := &http.Transport{ExpectContinueTimeout: patience}
		defer transport.CloseIdleConnections()
		response, err := transport.RoundTrip(request)
		if err != nil {
			status <- 0
			_ = rest.CloseWithError(err)
			return
		}
		_ = response.Body.Close()
		status <- response.StatusCode
	}()
	<-begun
	stop()
	for { // until it accepts no more connections
		conn, err := net.Dial("tcp", s.stripe.Addr().String())
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	_, _ = io.WriteString(body, "name=Last+Words") // fails if the request is not answered
	_ = body.Close()
	answered = <-status == http.StatusOK
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), answered
}
