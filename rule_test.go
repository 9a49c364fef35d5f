package lockstep_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// TestReasonsNameTheRule: each reason says by what its plan was found, for every way to find one.
func TestReasonsNameTheRule(t *testing.T) {
	t.Parallel()
	c := shop
	c.PlanMetadata = "plan"
	tests := map[string]struct {
		item  lockstep.Item
		named string
		plan  string
		rule  lockstep.Rule
	}{
		"price":          {lockstep.Item{PriceID: "price_pro", LookupKey: "basic"}, "", "pro", rule(lockstep.ByPrice, "price_pro", "price_pro")},
		"lookup key":     {lockstep.Item{PriceID: "price_1", LookupKey: "basic"}, "", "basic", rule(lockstep.ByLookupKey, "basic", "price_1")},
		"former key":     {lockstep.Item{PriceID: "price_1", Keys: []string{"basic"}, LookupKey: "new"}, "", "basic", rule(lockstep.ByLookupKey, "basic", "price_1")},
		"product":        {lockstep.Item{PriceID: "price_1", ProductID: "prod_pro"}, "", "pro", rule(lockstep.ByProduct, "prod_pro", "price_1")},
		"siblings":       {lockstep.Item{PriceID: "price_1", SiblingKeys: []string{"other", "basic"}}, "", "basic", rule(lockstep.BySiblingKey, "basic", "price_1")},
		"bought as":      {lockstep.Item{PriceID: "price_1", BoughtAs: "gold", LookupKey: "silver"}, "", "gold", rule(lockstep.ByNameAtPurchase, "gold", "price_1")},
		"current name":   {lockstep.Item{PriceID: "price_1", LookupKey: "silver"}, "", "silver", rule(lockstep.ByCurrentName, "silver", "price_1")},
		"price id":       {lockstep.Item{PriceID: "price_1"}, "", "price_1", rule(lockstep.ByCurrentName, "price_1", "price_1")},
		"metadata":       {lockstep.Item{PriceID: "price_1", LookupKey: "basic"}, "pro", "pro", rule(lockstep.ByMetadata, "plan", "price_1")},
		"metadata alone": {lockstep.Item{PriceID: "price_1"}, "gold", "gold", rule(lockstep.ByMetadata, "plan", "price_1")},
		"metadata loses": {lockstep.Item{PriceID: "price_pro"}, "gold", "pro", rule(lockstep.ByPrice, "price_pro", "price_pro")},
	}
	for name, test := range tests {
		s := sub("sub_1", "active", "")
		s.Items, s.PlanNamed = []lockstep.Item{test.item}, test.named
		got := c.Decide([]lockstep.Subscription{s}, nil, now).Reasons[0]
		if got.Plan != test.plan || got.Rule != test.rule {
			t.Errorf("%s: the plan %q by %+v, want %q by %+v", name, got.Plan, got.Rule, test.plan, test.rule)
		}
	}
}

func rule(by lockstep.RuleKind, value, price string) lockstep.Rule {
	return lockstep.Rule{By: by, Value: value, PriceID: price}
}

// TestReasonsNameTheEndOfTheGrace: also after it ended. Without a limit of the grace there is no end.
func TestReasonsNameTheEndOfTheGrace(t *testing.T) {
	t.Parallel()
	past := sub("sub_1", "past_due", "basic")
	past.UnpaidSince = now.Add(-time.Hour)
	for grace, want := range map[time.Duration]time.Time{
		0: {}, 2 * time.Hour: now.Add(time.Hour), time.Minute: now.Add(time.Minute - time.Hour),
	} {
		c := shop
		c.PastDueGrace = grace
		got := c.Decide([]lockstep.Subscription{past}, nil, now).Reasons[0]
		if diff := cmp.Diff(want, got.GraceUntil); diff != "" {
			t.Errorf("grace %s: %s", grace, diff)
		}
	}
}
