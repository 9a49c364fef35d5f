package lockstep

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Catalog is the operator's plans. The empty catalog works: a plan's name is
// then what the price was called at purchase: its lookup key, else the product's
// metadata "plan", else the product's name.
type Catalog struct {
	Plans []Plan
	// PastDueGrace is how long a past_due subscription still grants access after the
	// payment failed, see [Subscription.UnpaidSince]. Zero: for as long as Stripe keeps
	// trying; negative: not at all.
	PastDueGrace time.Duration
	// PlanMetadata is the metadata key in which the app names the plan, on a checkout
	// session or a subscription; empty: it does not. See [Catalog.Decide].
	PlanMetadata string
	// PartialRefund says what becomes of a license of which a part was refunded;
	// empty means keep. A refund in full always takes it away.
	PartialRefund PartialRefund
}

// longestTrial is Stripe's limit of trial_period_days, longestMetadataKey that of a metadata key.
const (
	longestTrial       = 730
	longestMetadataKey = 40
)

// PartialRefund is a policy for licenses of which a part was refunded.
type PartialRefund string

// The policies.
const (
	KeepLicense   PartialRefund = "keep"   // a discount given afterwards
	RevokeLicense PartialRefund = "revoke" // nothing is left, as after a refund in full
)

// Plan is one plan of the catalog. It is bought by any of its prices, lookup
// keys or products.
type Plan struct {
	Name       string
	Prices     []string
	LookupKeys []string
	Products   []string
	Features   []string
	Limits     map[string]int64
	Rank       int // of several plans, the one of the highest rank is the account's
	// Duration is how long a license of the plan counts, from its payment on; zero:
	// for good. A subscription's end is Stripe's to say.
	Duration time.Duration
	// TrialDays is what a subscription begins with that is bought through us; one
	// trial an account.
	TrialDays int64
	// TrialWithoutCard has the checkout ask for no card; a trial that ends without one
	// ends the subscription.
	TrialWithoutCard bool
}

// Validate reports every problem of the catalog at once.
func (c Catalog) Validate() error {
	var problems []error
	switch c.PartialRefund {
	case "", KeepLicense, RevokeLicense:
	default:
		problems = append(problems, fmt.Errorf("catalog: partial refund policy %q is neither keep nor revoke",
			string(c.PartialRefund)))
	}
	if len(c.PlanMetadata) > longestMetadataKey || strings.ContainsAny(c.PlanMetadata, "[]") {
		problems = append(problems, fmt.Errorf("plan_metadata: %q is not a metadata key of Stripe's; use up to %d characters without brackets", c.PlanMetadata, longestMetadataKey))
	}
	names, sold := map[string]bool{}, map[string]string{}
	for _, p := range c.Plans {
		if p.Name == "" {
			problems = append(problems, errors.New("catalog: a plan has no name"))
			continue
		}
		if names[p.Name] {
			problems = append(problems, fmt.Errorf("catalog: plan %q is listed twice", p.Name))
		}
		names[p.Name] = true
		if p.Duration < 0 {
			problems = append(problems, fmt.Errorf("catalog: plan %q has a negative duration; leave it out for a license that is for good", p.Name))
		}
		if p.TrialDays < 0 || p.TrialDays > longestTrial {
			problems = append(problems, fmt.Errorf("catalog: plan %q has a trial of %d days; Stripe allows up to %d", p.Name,
				p.TrialDays, longestTrial))
		}
		if p.TrialWithoutCard && p.TrialDays == 0 {
			problems = append(problems, fmt.Errorf("catalog: plan %q has a trial without a card of no days; set trial_days",
				p.Name))
		}
		for _, by := range slices.Concat(p.Prices, p.LookupKeys, p.Products) {
			if other, taken := sold[by]; taken && other != p.Name {
				problems = append(problems, fmt.Errorf("catalog: %q is sold as plan %q and as plan %q", by, other, p.Name))
			}
			sold[by] = p.Name
		}
	}
	return errors.Join(problems...)
}

// plan finds the plan that an item buys. An item that the catalog does not list is a plan of
// its own, with the name it had at purchase or else the nearest name it has now.
func (c Catalog) plan(i Item) Plan {
	if p, listed := c.listed(i); listed {
		return p
	}
	return Plan{Name: cmp.Or(i.BoughtAs, i.LookupKey, i.ProductPlan, i.PriceID)}
}

// knows reports whether the catalog lists what the item buys.
func (c Catalog) knows(i Item) bool {
	_, listed := c.listed(i)
	return listed
}

// listed finds the plan that lists the item: by the price's id; by the lookup keys that the
// price has or had, the one at purchase first; by the product; and last by the lookup keys of
// the product's other prices, if all that are listed name the same plan.
func (c Catalog) listed(i Item) (Plan, bool) {
	find := func(sells func(Plan) bool) (Plan, bool) {
		if at := slices.IndexFunc(c.Plans, sells); at >= 0 {
			return c.Plans[at], true
		}
		return Plan{}, false
	}
	byKey := func(key string) (Plan, bool) {
		return find(func(p Plan) bool { return slices.Contains(p.LookupKeys, key) })
	}
	if p, found := find(func(p Plan) bool { return slices.Contains(p.Prices, i.PriceID) }); found {
		return p, true
	}
	for _, key := range i.keys() {
		if p, found := byKey(key); found {
			return p, true
		}
	}
	if p, found := find(func(p Plan) bool { return slices.Contains(p.Products, i.ProductID) }); found {
		return p, true
	}
	var sibling Plan
	for _, key := range i.SiblingKeys {
		p, found := byKey(key)
		switch {
		case !found:
		case sibling.Name == "":
			sibling = p
		case sibling.Name != p.Name:
			return Plan{}, false // the product is sold as several plans: nothing says which
		}
	}
	return sibling, sibling.Name != ""
}

// PlanOf names the plan that an item gives, where the app named the plan "named"; empty: it
// did not.
func (c Catalog) PlanOf(i Item, named string) string { return c.gifts([]Item{i}, named)[0].plan.Name }

// NeedsProduct reports whether only the item's product can name its plan.
func (c Catalog) NeedsProduct(i Item) bool {
	return i.ProductPlan == "" && i.ProductID != "" && c.plan(i).Name == i.PriceID
}

// NeedsSiblings reports whether only the other prices of the item's product can name its
// plan: the catalog names plans by lookup keys, and nothing says that this price ever had one.
func (c Catalog) NeedsSiblings(i Item) bool {
	return i.ProductID != "" && len(i.keys()) == 0 && len(i.SiblingKeys) == 0 && !c.knows(i) &&
		slices.ContainsFunc(c.Plans, func(p Plan) bool { return len(p.LookupKeys) > 0 })
}

// Sells reports whether the catalog names the price or the lookup key.
func (c Catalog) Sells(priceID, lookupKey string) bool {
	return slices.ContainsFunc(c.Plans, func(p Plan) bool {
		return priceID != "" && slices.Contains(p.Prices, priceID) ||
			lookupKey != "" && slices.Contains(p.LookupKeys, lookupKey)
	})
}
