package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// catalogSkipped replaces the catalog's findings when Stripe does not answer.
var catalogSkipped = Finding{"catalog", Warning, "not compared with Stripe, which did not answer"}

// diagnoseCatalog asks Stripe for every lookup key, price and product that the catalog names. One that
// Stripe does not have gives its plan to no one, and no one can buy it.
func diagnoseCatalog(ctx context.Context, c Config) []Finding {
	billing, err := stripebilling.New(stripebilling.Config{Key: c.Stripe.Key, BaseURL: c.Stripe.BaseURL,
		HTTPClient: c.Stripe.HTTPClient, Limits: c.Stripe.Limits})
	if err != nil {
		return nil // diagnoseStripe reports it
	}
	check := catalogCheck{}
	for _, plan := range c.Catalog.Plans {
		check.plan(ctx, billing, plan)
		if len(check.found) > 0 && ctx.Err() != nil {
			return check.found
		}
	}
	switch {
	case len(check.found) > 0:
		return check.found
	case check.asked == 0:
		return []Finding{{"catalog", Fine, "names no prices or products"}}
	}
	return []Finding{{"catalog", Fine, fmt.Sprintf("Stripe has all %d prices and products that it names", check.asked)}}
}

// catalogCheck collects what Stripe does not have.
type catalogCheck struct {
	asked int
	found []Finding
}

func (c *catalogCheck) plan(ctx context.Context, billing *stripebilling.Client, plan lockstep.Plan) {
	for _, key := range plan.LookupKeys {
		_, err := billing.PriceByLookupKey(ctx, key)
		c.note(plan.Name, "active price with the lookup key", key, err)
	}
	for _, id := range plan.Prices {
		_, err := billing.Price(ctx, id)
		c.note(plan.Name, "price", id, err)
	}
	for _, id := range plan.Products {
		_, err := billing.Product(ctx, id)
		c.note(plan.Name, "product", id, err)
	}
}

func (c *catalogCheck) note(plan, kind, id string, err error) {
	c.asked++
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		c.found = append(c.found, Finding{"catalog", Failure, fmt.Sprintf(
			"plan %q names the %s %q, which Stripe does not have in this mode; correct it, or create it in Stripe",
			plan, kind, id)})
	case err != nil:
		c.found = append(c.found, Finding{"catalog", Failure, fmt.Sprintf("plan %q, %s %q: %v", plan, kind, id, err)})
	}
}
