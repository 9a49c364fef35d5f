package simulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestAFaultBeforeExecutionChangesNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.AddFault(simulator.Fault{Path: "/v1/customers", Status: 502, Body: "<html>bad gateway</html>",
			Header: http.Header{"Retry-After": {"7"}}, Times: 1})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, simharness.StripeHost+"/v1/customers",
			strings.NewReader("email=a@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
		response, err := b.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusBadGateway || string(body) != "<html>bad gateway</html>" ||
			response.Header.Get("Retry-After") != "7" ||
			!strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") ||
			response.Header.Get(simulator.MarkHeader) != "stripe" {
			t.Errorf("answer is %d %v %q, %v", response.StatusCode, response.Header, body, err)
		}
		if len(b.Customers()) != 0 || len(b.Events()) != 0 {
			t.Error("the request was executed")
		}
		b.Customer("b@example.com") // the fault is used up
		faulty := b.CountRequests(func(e simulator.Entry) bool {
			return e.Fault != "" && e.Status == 502 &&
				e.Path == "/v1/customers"
		})
		if faulty != 1 {
			t.Errorf("%d entries of the history name the fault, want 1", faulty)
		}
	})
}

func TestAFaultAfterExecutionLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	b := onLoopback(t)
	b.AddFault(simulator.Fault{Side: "stripe", Method: "POST", Path: "/v1/customers", After: true, CutAfter: 40, Times: 1})
	if _, err := b.Stripe.V1Customers.Create(t.Context(), nil); err == nil {
		t.Error("a cut answer was read")
	}
	if got := len(b.Customers()); got != 1 {
		t.Errorf("%d customers, want the one that was made", got)
	}
	b.AddFault(simulator.Fault{Side: "stripe", Method: "POST", CutAfter: -1, Times: 1})
	if _, err := b.Stripe.V1Customers.Create(t.Context(), nil); err == nil {
		t.Error("a connection that was closed before the answer gave one")
	}
	if got := len(b.Customers()); got != 1 {
		t.Errorf("%d customers, want none from a request that was cut before execution", got)
	}
}

func TestACutConnectionEndsInTheMiddleOfTheBody(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.ClerkHandler())
	defer server.Close()
	sim.AddFault(simulator.Fault{Side: "clerk", CutAfter: 10})
	response, err := server.Client().Get(server.URL + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) != 10 {
		t.Errorf("read %d bytes and %v, want 10 and an unexpected end", len(body), err)
	}
}

func TestAHangEndsWithTheClientsPatience(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.AddFault(simulator.Fault{Side: "stripe", Hang: time.Hour, Nth: 2})
		b.Customer("a@example.com")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := b.Stripe.V1Customers.Create(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v, want the deadline", err)
		}
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %s, want 5 s", waited)
		}
		synctest.Wait()
		if got := len(b.Customers()); got != 1 {
			t.Errorf("%d customers: a request whose client left during the hang was executed", got)
		}
	})
}

func TestAFaultStrikesTheNthCallOfItsRoute(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		id := b.Customer("a@example.com").ID
		b.AddFault(simulator.Fault{Side: "stripe", Method: "GET", Path: "/v1/customers/*", Nth: 3, Status: 503})
		var statuses []int
		for range 4 {
			response, _ := b.Send("GET", simharness.StripeHost+"/v1/customers/"+id, nil, "")
			b.Send("GET", simharness.StripeHost+"/v1/customers", nil, "")
			statuses = append(statuses, response.StatusCode)
		}
		if statuses[0] != 200 || statuses[1] != 200 || statuses[2] != 503 || statuses[3] != 200 {
			t.Errorf("statuses are %v, want the third to be 503", statuses)
		}
		b.ClearFaults()
	})
}

func TestALostAcknowledgementIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.AddFault(simulator.Fault{Side: "delivery", Path: "/stripe", After: true, Status: 200, Times: 1})
		b.Customer("a@example.com")
		b.Settle()
		if got := len(b.Inbox.All()); got != 2 {
			t.Errorf("the endpoint got it %d times, want twice", got)
		}
	})
}
