package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	grandfathered = problem("sold_price_without_plan", warning,
		"the catalog does not list the plan, so it gives no features", "add the price to a plan's prices in lockstep.toml")
	soldUnread = problem("sold_price_unread", warning,
		"whether customers keep what they bought is unknown", "run lockstep doctor again")
	soldMany = problem("sold_prices_many", warning,
		"further prices may give no plan", "remove prices that nobody has from the catalog, and compare the rest yourself")
)

// pricesAsked bounds how many prices the check reads from Stripe.
const pricesAsked = 100

// soldPrices lists the grandfathered prices: those that customers still have, but that can no longer be
// bought the same way, because the lookup key moved or the price is inactive. Each still gives the plan
// that it was bought as.
func soldPrices(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	held, err := in.Store.HeldPrices(ctx, pricesAsked+1)
	if err != nil {
		return []lockstep.Finding{soldUnread.found("%v", err)}
	}
	if len(held) > pricesAsked {
		held, found = held[:pricesAsked], append(found, soldMany.found("only the first %d prices were compared", pricesAsked))
	}
	asked := map[string]lockstep.Price{}
	for _, h := range held {
		price, known := asked[h.Item.PriceID]
		if !known {
			price, err = in.Stripe.Client.Price(ctx, h.Item.PriceID)
			if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
				return append(found, soldUnread.found("%v", err))
			}
			asked[h.Item.PriceID] = price
		}
		if change := changeOf(h.Item, price); change != "" {
			found = append(found, in.grandfathered(h, change))
		}
	}
	return orFine(found, "every price that customers have is still for sale")
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

func (in *Installation) grandfathered(h lockstep.HeldPrice, change string) lockstep.Finding {
	plan := in.Catalog.PlanOf(h.Item, h.PlanNamed)
	detail := fmt.Sprintf("%s is grandfathered (%s): %s and %s; still gives plan %s", h.Item.PriceID, change,
		plural(int(h.Subscriptions), "subscription"), plural(int(h.Licenses), "license"), plan)
	if len(in.Catalog.Plans) > 0 && !slices.ContainsFunc(in.Catalog.Plans,
		func(p lockstep.Plan) bool { return p.Name == plan }) {
		return grandfathered.fixedBy("add %s to a plan's prices in lockstep.toml", h.Item.PriceID).found("%s", detail)
	}
	return fine("%s", detail)
}
