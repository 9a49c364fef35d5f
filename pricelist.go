package lockstep

import "context"

// ListedPrice is a Stripe price with what people know it by.
type ListedPrice struct {
	Price
	Nickname      string // may be empty
	ProductName   string
	ProductPlan   string // the product's metadata "plan"; may be empty
	Amount        *int64 // in the currency's smallest unit; nil for tiers and for what the customer chooses
	Currency      string
	Interval      string // day, week, month or year; empty for a one-time price
	IntervalCount int64
}

// PriceLister lists the prices at Stripe.
type PriceLister interface {
	// ListPrices reads up to pages pages of 100 active or inactive prices, newest first. more means that there are
	// further ones. Errors are those of [Billing].
	ListPrices(ctx context.Context, active bool, pages int) (list []ListedPrice, more bool, err error)
}

// Match returns the plan of an item, and the rule that decides it. named is the plan in the app's metadata; it may be
// empty.
func (c Catalog) Match(i Item, named string) (Plan, Rule) {
	g := c.gifts([]Item{i}, named)[0]
	return g.plan, g.rule
}

// Matches returns the names of all plans that list an item's price, one of its lookup keys or its product. With more
// than one, [Catalog.Match] says which plan wins.
func (c Catalog) Matches(i Item) (plans []string) {
	for _, p := range c.Plans {
		alone := Catalog{Plans: []Plan{p}}
		i.SiblingKeys = nil
		if alone.knows(i) {
			plans = append(plans, p.Name)
		}
	}
	return plans
}

// Lists reports whether the catalog has a plan with this name. Otherwise the name is a fallback,
// without features.
func (c Catalog) Lists(plan string) bool {
	for _, p := range c.Plans {
		if p.Name == plan {
			return true
		}
	}
	return false
}
