package world

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// TestCallsPerCheckout counts what a subscription checkout costs upstream: it
// makes about twelve events, and they are to be one change.
func TestCallsPerCheckout(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		w := create(t, 1, dir, false)
		defer w.destroy()
		user, err := w.sim.SignUp(simulator.SignUp{Email: "ada@example.com", FirstName: "Ada", LastName: "L"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		began := len(w.sim.History())
		var session struct{ ID string }
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
			map[string]any{"account": "user/" + user.ID, "lookup_key": "pro", "success_url": "https://app.test/"}, &session)
		if err != nil || status != http.StatusOK {
			t.Fatalf("checkout: %d %v", status, err)
		}
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
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
		if reads > 3 || writes != 1 {
			t.Errorf("a checkout took %d reads of Stripe and %d metadata writes; at most 3 and exactly 1 are promised", reads, writes)
		}
		if plan := w.sim.Users()[0].Public["plan"]; plan != "pro" {
			t.Errorf("the metadata says plan %v", plan)
		}
	})
}
