package simtest

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// An event of a price or product changes the cursor that every process compares with its memory.
func TestAChangedProductClearsTheMemoryOfPrices(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		changed := func() string {
			w.settle()
			cursor, err := w.service.store.Cursor(t.Context(), lockstep.PricesSweep)
			if err != nil {
				t.Fatal(err)
			}
			return cursor
		}
		prices := w.sim.Prices()
		pro := prices[slices.IndexFunc(prices, func(p simulator.Price) bool { return p.ID == w.prices["pro"] })]
		before := changed()
		w.dashboard("/v1/products/"+pro.Product, url.Values{"name": {"Pro 2027"}})
		time.Sleep(time.Second)
		renamed := changed()
		w.dashboard("/v1/prices/"+pro.ID, url.Values{"lookup_key": {""}})
		time.Sleep(time.Second)
		if moved := changed(); renamed == before || moved == renamed {
			t.Errorf("the cursor is %q, %q after a product was renamed, and %q after a price changed", before, renamed, moved)
		}
	})
}
