package lockstep

import (
	"cmp"
	"slices"
	"time"
)

// gift is what one item of a subscription or license brings.
type gift struct {
	plan Plan
	rule Rule
	item Item
	ends time.Time // zero: never, or unknown
}

// gifts returns what the items bring, the highest rank first. named is the plan in the app's
// metadata; it may be empty. It replaces the plan of the leading item if the catalog has that plan
// or does not list the item.
func (c Catalog) gifts(items []Item, named string) []gift {
	gifts := make([]gift, len(items))
	for n, i := range items {
		plan, rule := c.ruled(i)
		gifts[n] = gift{plan: plan, rule: rule, item: i, ends: i.PeriodEnd}
	}
	sortGifts(gifts)
	if named == "" || c.PlanMetadata == "" || len(gifts) == 0 {
		return gifts
	}
	rule := Rule{By: ByMetadata, Value: c.PlanMetadata, PriceID: gifts[0].item.PriceID}
	if at := slices.IndexFunc(c.Plans, func(p Plan) bool { return p.Name == named }); at >= 0 {
		gifts[0].plan, gifts[0].rule = c.Plans[at], rule
	} else if !c.knows(gifts[0].item) {
		gifts[0].plan, gifts[0].rule = Plan{Name: named}, rule
	}
	sortGifts(gifts)
	return gifts
}

func sortGifts(gifts []gift) {
	slices.SortStableFunc(gifts, func(a, b gift) int { return cmp.Compare(b.plan.Rank, a.plan.Rank) })
}
