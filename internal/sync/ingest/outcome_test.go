package ingest

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Counting and tracing a delivery allocate nothing while traces are off.
func TestADeliveryPaysNothingForTracesThatAreOff(t *testing.T) {
	counted := 0
	e := &Endpoint{Counted: func(string) { counted++ }}
	ctx, began := t.Context(), time.Now()
	d := lockstep.Delivery{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1"},
		Mark: &lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}}}
	if n := testing.AllocsPerRun(100, func() {
		if e.ended(ctx, &d, outcomeOf(true), began) != ctx {
			t.Error("another context")
		}
	}); n != 0 || counted == 0 {
		t.Errorf("%g allocations, counted %d", n, counted)
	}
}
