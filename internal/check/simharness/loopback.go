package simharness

import (
	"net/http/httptest"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator"
)

// OnLoopback serves a simulator on real sockets for unmodified clients.
func OnLoopback(t *testing.T) *Bench {
	t.Helper()
	sim, err := simulator.New(simulator.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.StripeHandler())
	t.Cleanup(server.Close)
	Judged(t, sim)
	return &Bench{Simulator: sim, T: t, HTTP: server.Client(), Stripe: StripeClient(server.URL, server.Client())}
}
