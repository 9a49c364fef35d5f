package lockstep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Catalog holds the operator's plans. An empty catalog works: the plan's name is then the price's
// name at purchase, that is its lookup key, else the product's metadata "plan", else the product's
// name.
type Catalog struct {
	Plans []Plan
	// PastDueGrace is how long a past_due subscription grants access after the payment failed (see
	// [Subscription.UnpaidSince]). Zero: as long as Stripe retries. Negative: no grace.
	PastDueGrace time.Duration
	// PlanMetadata is the metadata key of checkout sessions and subscriptions in which the app names
	// the plan; may be empty. See [Catalog.Decide].
	PlanMetadata string
	// PartialRefund says what a partial refund does to a license; empty means keep. A full refund
	// always revokes it.
	PartialRefund PartialRefund
}

// Stripe's limits for trial_period_days and for the length of a metadata key.
const (
	longestTrial       = 730
	longestMetadataKey = 40
)

// PartialRefund is the policy for partly refunded licenses.
type PartialRefund string

// The policies.
const (
	KeepLicense   PartialRefund = "keep"   // treat it as a discount
	RevokeLicense PartialRefund = "revoke" // treat it as a full refund
)

// Plan is one plan of the catalog. Any of its prices, lookup keys or products grants it.
type Plan struct {
	Name       string
	Prices     []string
	LookupKeys []string
	Products   []string
	Features   []string
	Limits     map[string]int64
	Rank       int // an account with several plans has the one with the highest rank
	// Duration is how long a license of the plan lasts after its payment; zero: permanently. It does
	// not apply to subscriptions, whose end Stripe decides.
	Duration time.Duration
	// TrialDays is the length of the trial of a subscription that is bought through Lockstep. An
	// account gets one trial.
	TrialDays int64
	// TrialWithoutCard lets the checkout skip the card. Without a card the subscription ends with the
	// trial.
	TrialWithoutCard bool
}

// Validate returns all problems of the catalog, joined.
func (c Catalog) Validate() error {
	var problems []error
	switch c.PartialRefund {
	case "", KeepLicense, RevokeLicense:
	default:
		problems = append(problems, fmt.Errorf("partial_refund: %q is not a policy; use keep or revoke",
			string(c.PartialRefund)))
	}
	if len(c.PlanMetadata) > longestMetadataKey || strings.ContainsAny(c.PlanMetadata, "[]") {
		problems = append(problems, fmt.Errorf("plan_metadata: %q is not a valid Stripe metadata key; use up to %d characters without brackets", c.PlanMetadata, longestMetadataKey))
	}
	names, sold := map[string]bool{}, map[string]string{}
	for _, p := range c.Plans {
		if p.Name == "" {
			problems = append(problems, errors.New("plan: a plan has no name; set name in each [[plan]]"))
			continue
		}
		if names[p.Name] {
			problems = append(problems, fmt.Errorf("plan: %q is listed twice; give each plan its own name", p.Name))
		}
		names[p.Name] = true
		if p.Duration < 0 {
			problems = append(problems, fmt.Errorf("plan %q: duration is negative; omit it for a license that never expires",
				p.Name))
		}
		if p.TrialDays < 0 || p.TrialDays > longestTrial {
			problems = append(problems, fmt.Errorf("plan %q: trial_days is %d; Stripe allows 0 to %d", p.Name,
				p.TrialDays, longestTrial))
		}
		if p.TrialWithoutCard && p.TrialDays == 0 {
			problems = append(problems, fmt.Errorf("plan %q: trial_without_card needs trial_days",
				p.Name))
		}
		for _, by := range slices.Concat(p.Prices, p.LookupKeys, p.Products) {
			if other, taken := sold[by]; taken && other != p.Name {
				problems = append(problems, fmt.Errorf("plan: %q belongs to plan %q and to plan %q; list it in one plan", by,
					other, p.Name))
			}
			sold[by] = p.Name
		}
	}
	return errors.Join(problems...)
}

// PlanOf returns the name of an item's plan. named is the plan in the app's metadata; it may be
// empty.
func (c Catalog) PlanOf(i Item, named string) string { return c.gifts([]Item{i}, named)[0].plan.Name }

// NeedsProduct reports whether only the item's product can name its plan, so that it must be read.
func (c Catalog) NeedsProduct(i Item) bool {
	return i.ProductPlan == "" && i.ProductID != "" && c.plan(i).Name == i.PriceID
}

// NeedsSiblings reports whether only the product's other prices can name the item's plan: the catalog
// uses lookup keys, and this price never had one as far as we know.
func (c Catalog) NeedsSiblings(i Item) bool {
	return i.ProductID != "" && len(i.keys()) == 0 && len(i.SiblingKeys) == 0 && !c.knows(i) &&
		slices.ContainsFunc(c.Plans, func(p Plan) bool { return len(p.LookupKeys) > 0 })
}

// Sells reports whether the catalog lists the price or the lookup key.
func (c Catalog) Sells(priceID, lookupKey string) bool {
	return slices.ContainsFunc(c.Plans, func(p Plan) bool {
		return priceID != "" && slices.Contains(p.Prices, priceID) ||
			lookupKey != "" && slices.Contains(p.LookupKeys, lookupKey)
	})
}
