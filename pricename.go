package lockstep

import (
	"context"
	"slices"
	"time"
)

// PriceName is one name of a price. A price keeps its id when its lookup key moves to another price or
// its product is renamed.
type PriceName struct {
	PriceID     string
	LookupKey   string // empty: the price had none
	ProductID   string
	ProductPlan string    // the product's metadata "plan", else its name; empty if the product was not read
	SeenAt      time.Time // when it was first seen; set by the store
}

// PricesSweep names the key that the events of prices and products mark, and the cursor that its run
// changes. Processes that keep prices and products in memory compare the cursor to find out that they
// must read them again.
const PricesSweep = "prices"

// PriceNames stores every name that a price has had.
type PriceNames interface {
	// NamePrices stores new names and returns all names of these prices, the oldest of each price
	// first. The first value of ProductPlan stays.
	NamePrices(ctx context.Context, seen []PriceName) ([]PriceName, error)
	// NamesOf returns all stored names of prices, the oldest of each price first.
	NamesOf(ctx context.Context, priceIDs ...string) ([]PriceName, error)
}

// HeldPrice is a price that current subscribers or license holders have.
type HeldPrice struct {
	// Item is an example with the price and its names. Items with other names, or with another plan in
	// the app's metadata, form a separate HeldPrice.
	Item Item
	// PlanNamed is the plan in the app's metadata; may be empty.
	PlanNamed     string
	Subscriptions int64 // that have not ended
	Licenses      int64 // that are active
}

// HeldPrices lists the prices that subscribers and license holders have.
type HeldPrices interface {
	// HeldPrices returns up to limit prices, ordered by id. It reads all items, so use it only for
	// diagnosis.
	HeldPrices(ctx context.Context, limit int) ([]HeldPrice, error)
}

// keys returns the lookup keys that may name the item's plan, by precedence: the key at purchase, the
// current key, then all others.
func (i Item) keys() []string {
	if i.LookupKey == "" || slices.Contains(i.Keys, i.LookupKey) {
		return i.Keys
	}
	if len(i.Keys) == 0 {
		return []string{i.LookupKey}
	}
	return slices.Insert(slices.Clone(i.Keys), 1, i.LookupKey)
}

// Named returns the item with all names of its price. was is the item's earlier state: the zero Item,
// or one with another price, if the item is new. names are all names of the price, oldest first.
//
// The key at purchase comes first in Keys. For a new item that is the price's current key, else its
// oldest one.
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
		i.BoughtAs = known[0] // an older version stored the item without BoughtAs
	}
	if i.BoughtAs == "" && was.PriceID == "" && len(keys) > 0 {
		i.BoughtAs = keys[0]
	}
	if i.BoughtAs == "" {
		i.BoughtAs = i.ProductPlan
	}
	return i
}
