package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// catalogSkipped is said instead where Stripe does not answer at all.
var catalogSkipped = Finding{"catalog", Warning, "not compared with Stripe, which did not answer"}

// diagnoseCatalog asks Stripe for every lookup key, price and product that the catalog names.
// One that Stripe does not have grants its plan to nobody, and cannot be bought.
func diagnoseCatalog(ctx context.Context, c Config) (found []Finding) {
	const what = "catalog"
	billing, err := stripebilling.New(stripebilling.Config{Key: c.Stripe.Key, BaseURL: c.Stripe.BaseURL,
		HTTPClient: c.Stripe.HTTPClient, Limits: c.Stripe.Limits})
	if err != nil {
		return nil // the finding about Stripe says so
	}
	asked := 0
	ask := func(plan, kind, id string, err error) {
		asked++
		switch {
		case errors.Is(err, lockstep.ErrNotFound):
			found = append(found, Finding{what, Failure, fmt.Sprintf(
				"plan %q names the %s %q, which Stripe does not have in this mode: correct it, or create it in Stripe", plan, kind,
				id)})
		case err != nil:
			found = append(found, Finding{what, Failure, fmt.Sprintf("plan %q, %s %q: %v", plan, kind, id, err)})
		}
	}
	for _, plan := range c.Catalog.Plans {
		for _, key := range plan.LookupKeys {
			_, err := billing.PriceByLookupKey(ctx, key)
			ask(plan.Name, "active price with the lookup key", key, err)
		}
		for _, id := range plan.Prices {
			_, err := billing.Price(ctx, id)
			ask(plan.Name, "price", id, err)
		}
		for _, id := range plan.Products {
			_, err := billing.Product(ctx, id)
			ask(plan.Name, "product", id, err)
		}
		if len(found) > 0 && ctx.Err() != nil {
			return found
		}
	}
	switch {
	case len(found) == 0 && asked == 0:
		found = append(found, Finding{what, Fine, "names no prices or products"})
	case len(found) == 0:
		found = append(found, Finding{what, Fine, fmt.Sprintf("Stripe has all %d prices and products that it names", asked)})
	}
	return found
}
