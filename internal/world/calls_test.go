package world

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestCallsPerCheckout counts what a subscription checkout costs upstream: it
// makes about twelve events, and they are to be one change.
func TestCallsPerCheckout(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		user := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		began := len(w.sim.History())
		w.mustBuy("user/"+user, "pro")
		time.Sleep(time.Minute)
		reads, writes, events := 0, 0, 0
		for _, e := range w.sim.History()[began:] {
			switch {
			case e.Side == "delivery":
				events++
			case e.Side == "stripe" && e.Method == http.MethodGet:
				reads++
			case e.Side == "clerk" && strings.HasSuffix(e.Path, "/metadata"):
				writes++
			}
			t.Log(e.Side, e.Method, e.Path, e.EventType, e.Status)
		}
		if events < 12 {
			t.Errorf("%d deliveries are no whole checkout", events)
		}
		// The price; what there is already, twice; and after the payment the subscriptions.
		if reads > 4 || writes != 1 {
			t.Errorf("a checkout took %d reads of Stripe and %d metadata writes; at most 4 and exactly 1 are promised", reads, writes)
		}
		if plan := w.sim.Users()[0].Public["plan"]; plan != "pro" {
			t.Errorf("the metadata says plan %v", plan)
		}
	})
}
