package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func TestTheControlsShowStateAndMoveTheClock(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		b.Settle()
		requests := len(b.History())
		_, _, page := b.Get(simharness.StripeHost + "/_sim/objects")
		simharness.Says(t, page, sub.ID, "buyer@example.com")
		_, _, page = b.Get(simharness.StripeHost + "/_sim/sequence")
		simharness.Says(t, page, "customer.created", "/v1/checkout/sessions")
		if status, location, _ := b.Submit(simharness.ClerkHost+"/_sim/advance",
			url.Values{"seconds": {"2678400"}}); status != http.StatusSeeOther || location != "/_sim" {
			t.Errorf("advance: %d to %s", status, location)
		}
		if got := time.Until(b.Now()).Round(simharness.Day); got != 31*simharness.Day {
			t.Errorf("the clock is %s ahead", got)
		}
		_, _, page = b.Get(simharness.StripeHost + "/_sim")
		simharness.Says(t, page, "31 days ahead of this machine")
		_, fault := b.Send("POST", simharness.StripeHost+"/_sim/faults", map[string]string{"Content-Type": "application/json"},
			`{"side":"stripe","status":503,"times":1}`)
		if fault["id"] == nil {
			t.Errorf("fault answered %v", fault)
		}
		if response, _ := b.Send("GET", simharness.StripeHost+"/v1/customers", nil,
			""); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("the fault does not strike: %d", response.StatusCode)
		}
		if _, policy := b.Send("POST", simharness.ClerkHost+"/_sim/delivery", nil, `{"hold":true}`); policy["hold"] != true {
			t.Errorf("delivery answered %v", policy)
		}
		for _, entry := range b.History()[requests:] {
			if strings.Contains(entry.Path, "/_sim") {
				t.Errorf("a control request is in the history: %+v", entry)
			}
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			simharness.StripeHost+"/_sim/state", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "rebound.example"
		if status, _, _ := b.Foreign(request); status != http.StatusMisdirectedRequest {
			t.Errorf("the controls answer %d to a foreign name", status)
		}
	})
}
