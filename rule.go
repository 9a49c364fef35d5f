package lockstep

import (
	"cmp"
	"slices"
)

// Rule is why an item of a purchase has its plan.
type Rule struct {
	By      RuleKind `json:"by"`
	Value   string   `json:"value"`    // what the plan was found by: the price, the key, the product or the name
	PriceID string   `json:"price_id"` // of the item; may be empty
}

// RuleKind is what a plan was found by.
type RuleKind string

// The kinds of rule. The comment says what Rule.Value is.
const (
	ByPrice      RuleKind = "price"       // the catalog lists the price: its id
	ByLookupKey  RuleKind = "lookup_key"  // the catalog lists a lookup key that the price has or had: the key
	ByProduct    RuleKind = "product"     // the catalog lists the product: its id
	BySiblingKey RuleKind = "sibling_key" // it lists the lookup key of another price of the product: the key
	ByMetadata   RuleKind = "metadata"    // the app named the plan: the metadata key, see Catalog.PlanMetadata

	// The catalog does not list the item, so its name is the plan.
	ByNameAtPurchase RuleKind = "name_at_purchase" // the price's name at purchase
	ByCurrentName    RuleKind = "current_name"     // its lookup key now, else the product's plan, else the price's id
)

// plan returns the plan of an item.
func (c Catalog) plan(i Item) Plan {
	p, _ := c.ruled(i)
	return p
}

// ruled returns the plan of an item, and why. An item that the catalog does not list is its own plan, with
// its name at purchase, else its current name.
func (c Catalog) ruled(i Item) (Plan, Rule) {
	if p, rule, listed := c.listed(i); listed {
		rule.PriceID = i.PriceID
		return p, rule
	}
	if i.BoughtAs != "" {
		return Plan{Name: i.BoughtAs}, Rule{ByNameAtPurchase, i.BoughtAs, i.PriceID}
	}
	name := cmp.Or(i.LookupKey, i.ProductPlan, i.PriceID)
	return Plan{Name: name}, Rule{ByCurrentName, name, i.PriceID}
}

// knows reports whether the catalog lists the item.
func (c Catalog) knows(i Item) bool {
	_, _, listed := c.listed(i)
	return listed
}

// listed returns the plan that lists the item, and by what. It looks at the price's id, then the lookup keys
// that the price has or had (the key at purchase first), then the product, then the lookup keys of the
// product's other prices, if those agree on one plan.
func (c Catalog) listed(i Item) (Plan, Rule, bool) {
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
		return p, Rule{By: ByPrice, Value: i.PriceID}, true
	}
	for _, key := range i.keys() {
		if p, found := byKey(key); found {
			return p, Rule{By: ByLookupKey, Value: key}, true
		}
	}
	if p, found := find(func(p Plan) bool { return slices.Contains(p.Products, i.ProductID) }); found {
		return p, Rule{By: ByProduct, Value: i.ProductID}, true
	}
	p, key := c.ofSiblings(i, byKey)
	return p, Rule{By: BySiblingKey, Value: key}, p.Name != ""
}

// ofSiblings returns the plan of the product's other prices, and the first key that names it. If they belong
// to several plans, it returns none.
func (c Catalog) ofSiblings(i Item, byKey func(string) (Plan, bool)) (sibling Plan, by string) {
	for _, key := range i.SiblingKeys {
		p, found := byKey(key)
		switch {
		case !found:
		case sibling.Name == "":
			sibling, by = p, key
		case sibling.Name != p.Name:
			return Plan{}, ""
		}
	}
	return sibling, by
}
