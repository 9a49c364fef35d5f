package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// pricesAsked bounds how many prices the check reads from Stripe.
const pricesAsked = 100

// diagnosePrices lists the grandfathered prices: those that customers still have, but that can no longer be
// bought the same way because the lookup key moved or the price is inactive. Each still gives the plan
// that it was bought as.
func diagnosePrices(ctx context.Context, c Config) []Finding {
	const what = "prices"
	held, err := c.Store.HeldPrices(ctx, pricesAsked+1)
	if err != nil {
		return []Finding{{what, Failure, err.Error()}}
	}
	billing, err := stripebilling.New(stripebilling.Config{Key: c.Stripe.Key, BaseURL: c.Stripe.BaseURL,
		HTTPClient: c.Stripe.HTTPClient})
	if err != nil {
		return []Finding{{what, Failure, err.Error()}}
	}
	var found []Finding
	more := len(held) > pricesAsked
	asked := map[string]lockstep.Price{}
	for _, h := range held[:min(len(held), pricesAsked)] {
		price, known := asked[h.Item.PriceID]
		if !known {
			price, err = billing.Price(ctx, h.Item.PriceID)
			if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
				return append(found, Finding{what, Warning, err.Error() + "; check that the key may read prices"})
			}
			asked[h.Item.PriceID] = price
		}
		if change := changeOf(h.Item, price); change != "" {
			found = append(found, c.grandfathered(h, change))
		}
	}
	if len(found) == 0 {
		found = append(found, Finding{what, Fine, "every price that customers have is still for sale"})
	}
	if more {
		found = append(found, Finding{what, Warning, fmt.Sprintf("only the first %d prices were checked", pricesAsked)})
	}
	return found
}

// changeOf describes how a price changed since an item was bought; empty if it did not.
func changeOf(i lockstep.Item, now lockstep.Price) string {
	var changes []string
	if now.ID == "" {
		changes = append(changes, "Stripe no longer has it")
	} else if !now.Active {
		changes = append(changes, "inactive")
	}
	if len(i.Keys) > 0 && now.ID != "" && i.Keys[0] != now.LookupKey {
		changes = append(changes, fmt.Sprintf("bought as %s, lookup key now %s", i.Keys[0], cmp.Or(now.LookupKey, "none")))
	}
	return strings.Join(changes, ", ")
}

func (c Config) grandfathered(h lockstep.HeldPrice, change string) Finding {
	plan := c.Catalog.PlanOf(h.Item, h.PlanNamed)
	f := Finding{"prices", Fine, fmt.Sprintf("%s is grandfathered (%s): %d subscriptions and %d licenses; still gives plan %s",
		h.Item.PriceID, change, h.Subscriptions, h.Licenses, plan)}
	if len(c.Catalog.Plans) > 0 && !slices.ContainsFunc(c.Catalog.Plans,
		func(p lockstep.Plan) bool { return p.Name == plan }) {
		f.Level = Warning
		f.Detail += ", which the catalog does not list, so it gives no features; add " + h.Item.PriceID + " to a plan's prices"
	}
	return f
}
