package catalog

import (
	"cmp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// View is the catalog beside what Stripe has and subscribers have.
type View struct {
	Plans         []Plan
	Prices        []Price // that are active, or that a plan names, or that somebody has
	Grandfathered []Held
	PricesAt      time.Time // when Stripe's prices were read; zero: never
	PricesFailed  bool      // Stripe did not answer the last time
	MoreActive    bool      // Stripe has more active prices than were read
	MoreInactive  bool
	CountsAt      time.Time // when subscriptions were counted; zero: not yet
	CountsFailed  bool
	AtLeast       bool // more groups exist than were counted
}

// Plan is a configured plan.
type Plan struct {
	lockstep.Plan
	Names         []Name
	Subscriptions int64
	Licenses      int64
}

// Name is a price, lookup key or product that a plan names.
type Name struct {
	By    lockstep.RuleKind
	Value string
	State NameState
}

// NameState says what Stripe has under a name.
type NameState string

// The states. A name is unknown if Stripe did not answer, or has more prices than were read.
const (
	Active   NameState = "active"
	Inactive NameState = "inactive" // only inactive prices have it, so nobody can buy it
	Missing  NameState = "missing"
	Unknown  NameState = "unknown"
)

// Price is a price at Stripe with the plan that a purchase of it gives now.
type Price struct {
	lockstep.ListedPrice
	Plan          string
	Rule          lockstep.Rule
	Listed        bool     // the catalog lists it; otherwise the plan is a fallback name without features
	Plans         []string // all plans that list it
	Subscriptions int64
	Licenses      int64
}

// Held is a price as some subscribers have it.
type Held struct {
	lockstep.HeldPrice
	Plan string
	Rule lockstep.Rule
	Why  string // why it cannot be bought the same way now; empty if it can
}

func compare(catalog lockstep.Catalog, p kept[prices], c kept[[]lockstep.HeldPrice]) View {
	v := View{PricesAt: p.at, PricesFailed: !p.failed.IsZero(), MoreActive: p.value.moreActive,
		MoreInactive: p.value.moreInactive, CountsAt: c.at, CountsFailed: !c.failed.IsZero()}
	held := c.value
	if len(held) > mostHeld {
		held, v.AtLeast = held[:mostHeld], true
	}
	s := sums{plans: map[string]count{}, prices: map[string]count{}}
	for _, h := range held {
		s.add(catalog, h)
	}
	for _, plan := range catalog.Plans {
		v.Plans = append(v.Plans, Plan{plan, namesOf(plan, p), s.plans[plan.Name].subscriptions, s.plans[plan.Name].licenses})
	}
	byID := map[string]Price{}
	for _, one := range p.value.list {
		sold := p.value.priced(catalog, one)
		sold.Subscriptions, sold.Licenses = s.prices[one.ID].subscriptions, s.prices[one.ID].licenses
		byID[one.ID] = sold
		named := slices.ContainsFunc(catalog.Plans, func(p lockstep.Plan) bool { return slices.Contains(p.Prices, one.ID) })
		if one.Active || named || sold.Subscriptions+sold.Licenses > 0 {
			v.Prices = append(v.Prices, sold)
		}
	}
	for _, h := range held {
		if g := v.held(catalog, h, byID); g.Why != "" {
			v.Grandfathered = append(v.Grandfathered, g)
		}
	}
	return v
}

// count is how many have something.
type count struct{ subscriptions, licenses int64 }

type sums struct{ plans, prices map[string]count }

func (s sums) add(catalog lockstep.Catalog, h lockstep.HeldPrice) {
	plan, _ := catalog.Match(h.Item, h.PlanNamed)
	for key, in := range map[string]map[string]count{plan.Name: s.plans, h.Item.PriceID: s.prices} {
		sum := in[key]
		in[key] = count{sum.subscriptions + h.Subscriptions, sum.licenses + h.Licenses}
	}
}

// namesOf says of each name of a plan whether Stripe has it.
func namesOf(plan lockstep.Plan, p kept[prices]) (names []Name) {
	state := func(has func(lockstep.ListedPrice) bool) NameState {
		found := Missing
		for _, one := range p.value.list {
			if has(one) {
				if one.Active {
					return Active
				}
				found = Inactive
			}
		}
		if p.at.IsZero() || p.value.moreActive || found == Missing && p.value.moreInactive {
			return Unknown
		}
		return found
	}
	for _, id := range plan.Prices {
		names = append(names, Name{lockstep.ByPrice, id, state(func(p lockstep.ListedPrice) bool { return p.ID == id })})
	}
	for _, key := range plan.LookupKeys {
		names = append(names, Name{lockstep.ByLookupKey, key,
			state(func(p lockstep.ListedPrice) bool { return p.LookupKey == key })})
	}
	for _, id := range plan.Products {
		names = append(names, Name{lockstep.ByProduct, id,
			state(func(p lockstep.ListedPrice) bool { return p.ProductID == id })})
	}
	return names
}

// item returns a price as somebody would buy it now.
func (p prices) item(one lockstep.ListedPrice, catalog lockstep.Catalog) lockstep.Item {
	i := one.Item().Named(lockstep.Item{}, p.names[one.ID])
	i.ProductPlan = cmp.Or(i.ProductPlan, one.ProductPlan, one.ProductName)
	i.BoughtAs = cmp.Or(i.BoughtAs, i.ProductPlan)
	if catalog.NeedsSiblings(i) {
		for _, other := range p.list {
			if other.Active && other.ProductID == one.ProductID && other.Recurring == one.Recurring && other.LookupKey != "" {
				i.SiblingKeys = append(i.SiblingKeys, other.LookupKey)
			}
		}
		slices.Sort(i.SiblingKeys)
	}
	return i
}

func (p prices) priced(catalog lockstep.Catalog, one lockstep.ListedPrice) Price {
	i := p.item(one, catalog)
	plan, rule := catalog.Match(i, "")
	return Price{ListedPrice: one, Plan: plan.Name, Rule: rule, Listed: catalog.Lists(plan.Name),
		Plans: catalog.Matches(i)}
}

// held compares what subscribers have with what the same price gives now.
func (v View) held(catalog lockstep.Catalog, h lockstep.HeldPrice, now map[string]Price) Held {
	plan, rule := catalog.Match(h.Item, h.PlanNamed)
	g := Held{HeldPrice: h, Plan: plan.Name, Rule: rule}
	sold, exists := now[h.Item.PriceID]
	switch {
	case v.PricesAt.IsZero():
	case !exists && !v.MoreActive && !v.MoreInactive:
		g.Why = "Stripe no longer has the price"
	case !exists && !v.MoreActive:
		g.Why = "the price is not active"
	case !exists:
	case !sold.Active:
		g.Why = "the price is inactive"
	case rule.By == lockstep.ByLookupKey && rule.Value != sold.LookupKey:
		g.Why = "the lookup key " + rule.Value + " moved to another price"
	case rule.By != lockstep.ByMetadata && plan.Name != sold.Plan:
		g.Why = "a purchase of the price gives " + sold.Plan + " now"
	}
	return g
}
