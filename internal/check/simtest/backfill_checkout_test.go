package simtest

import (
	"net/http"
	"testing"
	"time"
)

// TestACheckoutDuringTheBackfillSellsNothingTwice: a buyer by payment link is named only by the session's reference
// and their address, which no search finds.
func TestACheckoutDuringTheBackfillSellsNothingTwice(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		ada, eve := b.user("ada@example.com", nil), b.mustSignUp("eve@example.com")
		w.give(ada, "pro", "ada@example.com", nil)
		w.give(ada, "pro", "eve@example.com", nil) // with eve's address, to mislead the search
		w.give("nobody", "pro", "eve@example.com", nil)
		before := len(w.sim.Customers())
		b.away.Store(true)
		b.open(nil)
		time.Sleep(time.Minute)
		begin := func(user string) int {
			t.Helper()
			status, err := w.call(t.Context(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
				map[string]any{"account": "user/" + user, "lookup_key": "pro", "success_url": "https://app.test/"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return status
		}
		if status := begin(ada); status != http.StatusConflict || len(w.sim.Customers()) != before {
			t.Errorf("ada is sold again what she has: %d, %d customers, want %d", status, len(w.sim.Customers()), before)
		}
		if status := begin(eve); status != http.StatusOK || len(w.sim.Customers()) != before+1 {
			t.Errorf("eve cannot buy: %d, %d customers, want %d", status, len(w.sim.Customers()), before+1)
		}
		b.away.Store(false)
		time.Sleep(time.Hour)
		b.unharmed(before + 1)
	})
}
