package lockstep

import (
	"context"
	"slices"
	"time"
)

// PriceName is one name under which a price was seen. The id of a price stays the same
// while its lookup key moves to another price and its product is renamed.
type PriceName struct {
	PriceID     string
	LookupKey   string // empty: the price had none
	ProductID   string
	ProductPlan string    // the product's metadata "plan", else its name; empty where nobody read the product
	SeenAt      time.Time // for the first time; set by the store
}

// PriceNames remembers every name of every price that was seen.
type PriceNames interface {
	// NamePrices stores the names that are new, and returns all names of these prices,
	// those of one price oldest first. A product's plan is kept as it was first read.
	NamePrices(ctx context.Context, seen []PriceName) ([]PriceName, error)
}

// HeldPrice is a price that subscribers or license holders have.
type HeldPrice struct {
	// Item is one of those that have it: its price and all of its names. Items with other
	// names, or another plan named by the app, are a separate HeldPrice.
	Item Item
	// PlanNamed is the plan that the app named for them; empty: none.
	PlanNamed     string
	Subscriptions int64 // that have not ended
	Licenses      int64 // that are active
}

// HeldPrices lists what subscribers and license holders have.
type HeldPrices interface {
	// HeldPrices returns up to limit prices, by id. It reads all items: for a diagnosis only.
	HeldPrices(ctx context.Context, limit int) ([]HeldPrice, error)
}

// keys are the lookup keys that may name the item's plan, in the order in which they count:
// the one at purchase, the current one, then what else the price was called.
func (i Item) keys() []string {
	if i.LookupKey == "" || slices.Contains(i.Keys, i.LookupKey) {
		return i.Keys
	}
	if len(i.Keys) == 0 {
		return []string{i.LookupKey}
	}
	return slices.Insert(slices.Clone(i.Keys), 1, i.LookupKey)
}

// Named returns the item with all names of its price. was is the same item as it was known
// before; the zero Item, or one of another price, if this is its first sight. names are all
// names of the price, oldest first.
//
// The key at purchase comes first in Keys. At first sight that is the key that the price has,
// or else the oldest one that it had.
func (i Item) Named(was Item, names []PriceName) Item {
	if was.PriceID != i.PriceID {
		was = Item{}
	}
	var keys []string
	add := func(key string) {
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	known := was.keys()
	if len(known) > 0 {
		add(known[0])
	}
	add(i.LookupKey)
	for _, n := range names {
		add(n.LookupKey)
	}
	for _, key := range known {
		add(key)
	}
	i.Keys, i.SiblingKeys = keys, was.SiblingKeys
	if was.ProductPlan != "" {
		i.ProductPlan = was.ProductPlan
	} else if at := slices.IndexFunc(names, func(n PriceName) bool { return n.ProductPlan != "" }); at >= 0 {
		i.ProductPlan = names[at].ProductPlan
	}
	i.BoughtAs = was.BoughtAs
	if i.BoughtAs == "" && len(known) > 0 {
		i.BoughtAs = known[0] // stored by a version that did not keep BoughtAs
	}
	if i.BoughtAs == "" && was.PriceID == "" && len(keys) > 0 {
		i.BoughtAs = keys[0]
	}
	if i.BoughtAs == "" {
		i.BoughtAs = i.ProductPlan
	}
	return i
}
