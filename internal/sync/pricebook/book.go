package pricebook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// pollEvery is how long the book trusts its memory without asking whether a price or product has
	// changed.
	pollEvery = 5 * time.Second
	// freshness is how long it trusts its memory if no event says that one has. The gap scan finds an
	// event that was not delivered within minutes; this limit is for whatever else goes wrong.
	freshness = time.Hour
)

// capacity limits the prices and the products in memory. A business has dozens; one that creates a
// price for each sale gains nothing from a cache.
const capacity = 1000

// Stripe is what the book reads if nothing nearer names a plan. Errors are as those of
// [lockstep.Billing].
type Stripe interface {
	Product(ctx context.Context, id string) (lockstep.Product, error)
	PricesOf(ctx context.Context, productID string) ([]lockstep.Price, error)
}

// Book gives items their names. It is safe for concurrent use.
type Book struct {
	Store  lockstep.PriceNames
	Stripe Stripe
	// Changes returns a text that changes after each event of a price or product, in all processes that
	// share the database. nil: there are no such events.
	Changes func(ctx context.Context) (string, error)

	mu      sync.Mutex
	polled  time.Time // when Changes was last asked
	changes string    // what it said
	epoch   int       // how often the memory was cleared; a read that started before is not kept

	names    map[string]remembered[[]lockstep.PriceName] // by price
	products map[string]remembered[string]               // the plan, by product
	siblings map[string]remembered[[]lockstep.Price]     // by product
}

type remembered[T any] struct {
	value T
	at    time.Time
}

// Lookup holds the items of one subscription or license.
type Lookup struct {
	Items     []lockstep.Item // as Stripe has them now; the book names them in place
	Known     []lockstep.Item // the same object's items as we knew them before; may be empty
	Recurring bool            // of a subscription
}

// Recall gives items the names that are known, without asking Stripe.
func (b *Book) Recall(ctx context.Context, s Lookup) error {
	var seen []lockstep.PriceName
	for _, i := range s.Items {
		for _, k := range s.Known {
			if k.PriceID == i.PriceID && k.LookupKey != "" && k.LookupKey != i.LookupKey {
				// Stored by a version that did not store names: it is older than the current name.
				seen = append(seen, nameOf(k))
			}
		}
		seen = append(seen, nameOf(i))
	}
	names, err := b.note(ctx, seen)
	if err != nil {
		return err
	}
	for n, i := range s.Items {
		var was lockstep.Item
		if at := slices.IndexFunc(s.Known, func(k lockstep.Item) bool { return k.ID == i.ID }); at >= 0 {
			was = s.Known[at]
		}
		s.Items[n] = i.Named(was, names[i.PriceID])
	}
	return nil
}

// Name is Recall, and asks Stripe what names a plan if neither the catalog nor any known name does.
// That costs at most one read of a product in an hour, and one after each event of a price or product.
func (b *Book) Name(ctx context.Context, catalog lockstep.Catalog, s Lookup) error {
	if err := b.Recall(ctx, s); err != nil {
		return err
	}
	for n := range s.Items {
		i := &s.Items[n]
		if catalog.NeedsSiblings(*i) && !s.asked(*i) {
			keys, err := b.siblingKeys(ctx, *i, s.Recurring)
			if err != nil {
				return err
			}
			i.SiblingKeys = keys
		}
		if catalog.NeedsProduct(*i) {
			if err := b.nameByProduct(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked reports whether the book has asked for an item's siblings before, at first sight.
func (s Lookup) asked(i lockstep.Item) bool {
	return slices.ContainsFunc(s.Known, func(k lockstep.Item) bool {
		return k.ID == i.ID && k.PriceID == i.PriceID && k.BoughtAs != ""
	})
}

// nameByProduct gives an item the plan of its product. Without one, the price's id is its name.
func (b *Book) nameByProduct(ctx context.Context, i *lockstep.Item) error {
	plan, err := b.planOfProduct(ctx, i.ProductID)
	if err != nil || plan == "" {
		return err
	}
	i.ProductPlan = plan
	names, err := b.note(ctx, []lockstep.PriceName{nameOf(*i)})
	if err != nil {
		return err
	}
	i.ProductPlan = "" // a name that was stored before counts more
	*i = i.Named(lockstep.Item{PriceID: i.PriceID, Keys: i.Keys, BoughtAs: i.BoughtAs, SiblingKeys: i.SiblingKeys},
		names[i.PriceID])
	return nil
}

// KeysOf returns every lookup key that a price has or had, its current one first.
func (b *Book) KeysOf(ctx context.Context, p lockstep.Price) ([]string, error) {
	s := Lookup{Items: []lockstep.Item{p.Item()}}
	if err := b.Recall(ctx, s); err != nil {
		return nil, err
	}
	return s.Items[0].Keys, nil
}

func nameOf(i lockstep.Item) lockstep.PriceName {
	return lockstep.PriceName{PriceID: i.PriceID, LookupKey: i.LookupKey, ProductID: i.ProductID,
		ProductPlan: i.ProductPlan}
}

// note stores the names that are new, and returns all names by price.
func (b *Book) note(ctx context.Context, seen []lockstep.PriceName) (map[string][]lockstep.PriceName, error) {
	epoch, err := b.refresh(ctx)
	if err != nil {
		return nil, err
	}
	all, fresh := b.remembered(seen)
	if len(fresh) == 0 {
		return all, nil
	}
	// Everyone stores in the same order, so that two transactions do not deadlock.
	slices.SortStableFunc(fresh, func(x, y lockstep.PriceName) int { return cmp.Compare(x.PriceID, y.PriceID) })
	names, err := b.Store.NamePrices(ctx, fresh)
	if err != nil {
		return nil, err
	}
	for _, n := range fresh {
		all[n.PriceID] = nil
	}
	for _, n := range names {
		all[n.PriceID] = append(all[n.PriceID], n)
	}
	for _, n := range fresh {
		remember(b, epoch, &b.names, n.PriceID, all[n.PriceID])
	}
	return all, nil
}

// remembered returns the names in memory by price, and those of seen that are not there.
func (b *Book) remembered(seen []lockstep.PriceName) (all map[string][]lockstep.PriceName,
	fresh []lockstep.PriceName) {
	all = map[string][]lockstep.PriceName{}
	for _, n := range seen {
		if n.PriceID == "" {
			continue
		}
		names, known := recall(b, &b.names, n.PriceID)
		if known && slices.ContainsFunc(names, func(k lockstep.PriceName) bool {
			return k.LookupKey == n.LookupKey && (k.ProductPlan != "" || n.ProductPlan == "")
		}) {
			all[n.PriceID] = names
			continue
		}
		fresh = append(fresh, n)
	}
	return all, fresh
}

// planOfProduct returns the product's metadata "plan", else its name; empty if Stripe does not know
// the product.
func (b *Book) planOfProduct(ctx context.Context, id string) (string, error) {
	epoch, err := b.refresh(ctx)
	if err != nil {
		return "", err
	}
	if plan, known := recall(b, &b.products, id); known {
		return plan, nil
	}
	product, err := b.Stripe.Product(ctx, id)
	if errors.Is(err, lockstep.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read product: %w", err)
	}
	plan := cmp.Or(product.Plan, product.Name)
	remember(b, epoch, &b.products, id, plan)
	return plan, nil
}

// siblingKeys returns the lookup keys of the product's other prices of the same kind.
func (b *Book) siblingKeys(ctx context.Context, i lockstep.Item, recurring bool) ([]string, error) {
	epoch, err := b.refresh(ctx)
	if err != nil {
		return nil, err
	}
	prices, known := recall(b, &b.siblings, i.ProductID)
	if !known {
		prices, err = b.Stripe.PricesOf(ctx, i.ProductID)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return nil, fmt.Errorf("list the prices of a product: %w", err)
		}
		remember(b, epoch, &b.siblings, i.ProductID, prices)
	}
	var keys []string
	for _, p := range prices {
		if p.LookupKey != "" && p.Recurring == recurring && p.ID != i.PriceID {
			keys = append(keys, p.LookupKey)
		}
	}
	slices.Sort(keys)
	return keys, nil
}
