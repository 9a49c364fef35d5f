package simtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// spent counts the calls since entry n of the history: reads of Stripe and of Clerk, and metadata writes; and the
// delivered events.
func (w *world) spent(n int) (stripe, clerk, writes, events int) {
	for _, e := range w.sim.History()[n:] {
		w.t.Log(e.At.Format("04:05.000"), e.Side, e.Method, e.Path, e.EventType, e.Status)
		switch {
		case e.Side == "delivery":
			events++
		case e.Side == "stripe" && e.Method == http.MethodGet:
			stripe++
		case e.Side == "clerk" && strings.HasSuffix(e.Path, "/metadata"):
			writes++
		case e.Side == "clerk":
			clerk++
		}
	}
	return stripe, clerk, writes, events
}

// TestCallsPerRenewal counts the upstream calls of a subscription's renewal: about nine events, most at once and some
// an hour later, when the invoice is paid.
func TestCallsPerRenewal(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) { w.countRenewal() }, func(c *simulator.Config) { c.Seed = seed })
		})
	}
}

// countRenewal buys, and checks the calls of the first renewal, whose events arrive shuffled.
func (w *world) countRenewal() {
	t := w.t
	user := w.mustSignUp("ada@example.com")
	w.mustBuy("user/"+user, "pro")
	time.Sleep(time.Hour)
	w.sim.SetDelivery(simulator.DeliveryPolicy{Unordered: true, MaxDelay: 200 * time.Millisecond})
	n := len(w.sim.History())
	until := w.sim.Users()[0].Public["billing"].(map[string]any)["until"]
	time.Sleep(32 * 24 * time.Hour)
	stripe, clerk, writes, events := 0, 0, 0, 0
	for _, e := range w.sim.History()[n:] {
		if strings.Contains(e.Path, "/v1/events?") || strings.Contains(e.Path, "/users?") ||
			strings.Contains(e.Path, "/organizations?") {
			continue // a sweep
		}
		t.Log(e.At.Format("02 15:04:05.000"), e.Side, e.Method, e.Path, e.EventType, e.Status)
		switch {
		case e.Side == "delivery":
			events++
		case e.Side == "stripe":
			stripe++
		case strings.HasSuffix(e.Path, "/metadata"):
			writes++
		default:
			clerk++
		}
	}
	if events < 8 {
		t.Errorf("only %d deliveries, which is not a whole renewal", events)
	}
	// Stripe is read when it announces the invoice, when the period moves and when the
	// invoice is paid. Clerk sends an event about our write; its run reads Clerk once.
	if stripe > 3 || writes != 1 || clerk > 1 {
		t.Errorf("a renewal took %d calls to Stripe, %d metadata writes and %d other calls to Clerk; we promise at most 3, exactly 1 and at most 1", stripe, writes, clerk)
	}
	if now := w.sim.Users()[0].Public["billing"].(map[string]any)["until"]; now == until {
		t.Error("the metadata did not change")
	}
}

// TestCallsPerSignUp counts the upstream calls of a sign-up.
func TestCallsPerSignUp(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		n := len(w.sim.History())
		w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		stripe, clerk, writes, events := w.spent(n)
		if events < 3 {
			t.Errorf("only %d deliveries, which is not a whole sign-up", events)
		}
		// The user, and once more when Clerk tells of what we wrote. Of a customer that is just
		// made nothing is read, even if its event was faster than its link.
		if stripe > 0 || clerk > 2 || writes != 1 || len(w.sim.Customers()) != 1 {
			t.Errorf("a sign-up took %d reads of Stripe, %d of Clerk and %d metadata writes; we promise 0, at most 2 and exactly 1", stripe, clerk, writes)
		}
	})
}
