package reconcile

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/lockstep-dev/lockstep"
)

// catalogOfNames is Stripe as far as it knows products.
type catalogOfNames struct {
	lockstep.Billing
	reads int
}

func (c *catalogOfNames) Product(_ context.Context, id string) (lockstep.Product, error) {
	c.reads++
	if id == "prod_none" {
		return lockstep.Product{}, lockstep.ErrNotFound
	}
	return lockstep.Product{ID: id, Name: "Name of " + id}, nil
}

func TestNamesOfProductsAreRememberedForAWhileAndNotWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		billing := &catalogOfNames{}
		products := &Products{Billing: billing}
		name := func(id string) string {
			items := []lockstep.Item{{ProductID: id}}
			if err := products.name(t.Context(), lockstep.Catalog{}, items); err != nil {
				t.Fatal(err)
			}
			return items[0].ProductPlan
		}
		for range 3 {
			if got := name("prod_1"); got != "Name of prod_1" {
				t.Errorf("it is called %q", got)
			}
		}
		if billing.reads != 1 {
			t.Errorf("%d reads of one product", billing.reads)
		}
		pass(productLife)
		name("prod_1")
		if billing.reads != 2 {
			t.Errorf("%d reads when its name may have changed", billing.reads)
		}
		for range 2 {
			name("prod_none")
		}
		if billing.reads != 4 {
			t.Errorf("%d reads: one that is missing may come", billing.reads)
		}
		for i := range 3 * productsKept {
			name(fmt.Sprintf("prod_x%d", i))
		}
		if n := len(products.known); n > productsKept {
			t.Errorf("%d names are kept", n)
		}
	})
}
