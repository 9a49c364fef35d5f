package pricebook_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// shop stands in for Stripe: it has prices and products.
type shop struct {
	names  map[string]string // of products
	prices map[string][]lockstep.Price
	reads  int
}

func (s *shop) Product(_ context.Context, id string) (lockstep.Product, error) {
	s.reads++
	if s.names[id] == "" {
		return lockstep.Product{}, lockstep.ErrNotFound
	}
	return lockstep.Product{ID: id, Name: s.names[id]}, nil
}

func (s *shop) PricesOf(_ context.Context, id string) ([]lockstep.Price, error) {
	s.reads++
	return s.prices[id], nil
}

// opened returns a book over a real store, and another process's book over the same store.
func opened(t *testing.T, stripe *shop) (book, other *pricebook.Book) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "prices.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &pricebook.Book{Store: store, Stripe: stripe}, &pricebook.Book{Store: store, Stripe: stripe}
}

// name names one item of a subscription.
func name(t *testing.T, b *pricebook.Book, c lockstep.Catalog, item lockstep.Item,
	known ...lockstep.Item) lockstep.Item {
	t.Helper()
	items := []lockstep.Item{item}
	if err := b.Name(t.Context(), c, pricebook.Lookup{Items: items, Known: known, Recurring: true}); err != nil {
		t.Fatal(err)
	}
	return items[0]
}

var plans = lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro_monthly"}},
	{Name: "basic", LookupKeys: []string{"basic"}},
	{Name: "gold", Prices: []string{"price_gold"}, Products: []string{"prod_gold"}}}}

func item(id, price, key string) lockstep.Item {
	return lockstep.Item{ID: id, PriceID: price, LookupKey: key, ProductID: "prod_1"}
}

func TestAPriceKeepsItsNames(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		seen    []lockstep.Item // one after the other, each known to the next if it has its id
		catalog lockstep.Catalog
		plan    string
		keys    []string
	}{
		"the lookup key moved away": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"), item("si_1", "price_1", "")},
			plans, "pro", []string{"pro_monthly"}},
		"moved away, without a catalog": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"),
			item("si_1", "price_1", "")},
			lockstep.Catalog{}, "pro_monthly", []string{"pro_monthly"}},
		"the lookup key was edited": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"),
			item("si_1", "price_1", "pro_2027")}, plans, "pro", []string{"pro_monthly", "pro_2027"}},
		"both keys name a plan: the one at purchase wins": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"),
			item("si_1", "price_1", "basic")}, plans, "pro",
			[]string{"pro_monthly", "basic"}},
		"who buys after the key was edited bought by the new one": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"),
			item("si_2", "price_1", "basic")}, plans, "basic",
			[]string{"basic", "pro_monthly"}},
		"a subscriber that we see after the key had moved": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"),
			item("si_2", "price_1", "")}, plans, "pro", []string{"pro_monthly"}},
		"the new price has the name too": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"),
			item("si_2", "price_2", "pro_monthly")}, plans, "pro", []string{"pro_monthly"}},
		"an item that changed its price is a new purchase": {[]lockstep.Item{item("si_1", "price_1", "pro_monthly"),
			item("si_1", "price_2", "basic")}, plans, "basic", []string{"basic"}},
		"a price that is listed by id": {[]lockstep.Item{item("si_1", "price_gold", "pro_monthly"),
			item("si_1", "price_gold", "basic")}, plans, "gold", []string{"pro_monthly", "basic"}},
		"a key that the price had none of before": {[]lockstep.Item{item("si_1", "price_1", ""),
			item("si_1", "price_1", "basic")}, plans, "basic", []string{"basic"}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			book, other := opened(t, &shop{names: map[string]string{"prod_1": "Notes"}})
			var got lockstep.Item
			for n, seen := range c.seen {
				books := []*pricebook.Book{book, other} // what one process saw, another knows
				got = name(t, books[n%2], c.catalog, seen, got)
			}
			if plan := c.catalog.PlanOf(got, ""); plan != c.plan {
				t.Errorf("it gives %q, want %q: %+v", plan, c.plan, got)
			}
			if diff := cmp.Diff(c.keys, got.Keys); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An older version stored only the current lookup key and the product's name.
func TestWhatAnOlderVersionStoredIsThePurchase(t *testing.T) {
	t.Parallel()
	book, _ := opened(t, &shop{})
	stored := item("si_1", "price_1", "pro_monthly")
	if got := name(t, book, plans, item("si_1", "price_1", ""), stored); plans.PlanOf(got, "") != "pro" ||
		got.BoughtAs != "pro_monthly" {
		t.Errorf("got %+v", got)
	}
	if got := name(t, book, plans, item("si_9", "price_1", "")); plans.PlanOf(got, "") != "pro" {
		t.Errorf("another subscriber of the price has %+v", got)
	}
}

func TestARenamedProductRenamesNoPlan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stripe := &shop{names: map[string]string{"prod_1": "Pro", "prod_2": "Team"}}
		book, other := opened(t, stripe)
		first := name(t, book, lockstep.Catalog{}, item("si_1", "price_1", ""))
		stripe.names["prod_1"] = "Pro 2027"
		time.Sleep(time.Hour)
		again := name(t, other, lockstep.Catalog{}, item("si_1", "price_1", ""), first)
		second := name(t, other, lockstep.Catalog{}, item("si_2", "price_1", ""))
		for _, i := range []lockstep.Item{first, again, second} {
			if plan := (lockstep.Catalog{}).PlanOf(i, ""); plan != "Pro" {
				t.Errorf("it gives %q: %+v", plan, i)
			}
		}
		keyed := item("si_1", "price_1", "pro_monthly")
		if plan := (lockstep.Catalog{}).PlanOf(name(t, book, lockstep.Catalog{}, keyed, again), ""); plan != "Pro" {
			t.Errorf("a lookup key that was added later renames the plan to %q", plan)
		}
		if stripe.reads != 1 {
			t.Errorf("%d reads of one product", stripe.reads)
		}
		fresh := lockstep.Item{ID: "si_3", PriceID: "price_3", ProductID: "prod_2", ProductPlan: "as expanded"}
		if plan := (lockstep.Catalog{}).PlanOf(name(t, book, lockstep.Catalog{}, fresh), ""); plan != "as expanded" {
			t.Errorf("a product that came with the item names %q", plan)
		}
	})
}

// The database is new: the key moved before it saw the price.
func TestTheOtherPricesOfAProductAreTheLastResort(t *testing.T) {
	t.Parallel()
	price := func(id, key string, recurring bool) lockstep.Price {
		return lockstep.Price{ID: id, LookupKey: key, ProductID: "prod_1", Active: true, Recurring: recurring}
	}
	for title, c := range map[string]struct {
		prices []lockstep.Price
		item   lockstep.Item
		plan   string
		reads  int
	}{
		"one names a plan": {[]lockstep.Price{price("price_2", "pro_monthly", true),
			price("price_3", "", true)}, item("si_1", "price_1", ""), "pro", 1},
		"two name the same plan, one names none": {[]lockstep.Price{price("price_2", "pro_monthly", true),
			price("price_3", "else", true)}, item("si_1", "price_1", ""), "pro", 1},
		"two name different plans": {[]lockstep.Price{price("price_2", "pro_monthly", true),
			price("price_3", "basic", true)}, item("si_1", "price_1", ""), "Notes", 2},
		"a one-time price is another thing": {[]lockstep.Price{price("price_2", "pro_monthly", false)},
			item("si_1", "price_1", ""), "Notes", 2},
		"a price that has another name": {[]lockstep.Price{price("price_2", "pro_monthly", true)},
			item("si_1", "price_1", "addon"), "addon", 0},
		"a product that the catalog lists": {[]lockstep.Price{price("price_2", "pro_monthly", true)},
			lockstep.Item{ID: "si_1", PriceID: "price_1", ProductID: "prod_gold"}, "gold", 0},
		"none": {nil, item("si_1", "price_1", ""), "Notes", 2},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			stripe := &shop{names: map[string]string{"prod_1": "Notes"}, prices: map[string][]lockstep.Price{"prod_1": c.prices}}
			book, other := opened(t, stripe)
			got := name(t, book, plans, c.item)
			if plan := plans.PlanOf(got, ""); plan != c.plan {
				t.Errorf("it gives %q, want %q: %+v", plan, c.plan, got)
			}
			stripe.prices = nil // the key moved on to another product
			if again := name(t, other, plans, c.item, got); plans.PlanOf(again, "") != c.plan {
				t.Errorf("seen again, it gives %q", plans.PlanOf(again, ""))
			}
			if stripe.reads != c.reads {
				t.Errorf("%d reads, want %d", stripe.reads, c.reads)
			}
		})
	}
}

func TestTheBookHasALimit(t *testing.T) {
	t.Parallel()
	stripe := &shop{names: map[string]string{"prod_1": "Notes"}}
	book, _ := opened(t, stripe)
	for i := range 1100 {
		items := []lockstep.Item{{ID: "si_1", PriceID: fmt.Sprintf("price_%d", i), LookupKey: fmt.Sprint(i),
			ProductID: fmt.Sprintf("prod_%d", i)}}
		if err := book.Recall(t.Context(), pricebook.Lookup{Items: items}); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := book.KeysOf(t.Context(), lockstep.Price{ID: "price_7", LookupKey: "new"})
	if err != nil || !slices.Equal(keys, []string{"new", "7"}) {
		t.Errorf("keys %v %v", keys, err)
	}
}

// A change that one process sees must reach what the others remember, within seconds.
func TestAChangedProductIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stripe := &shop{names: map[string]string{"prod_1": "Pro"}}
		book, other := opened(t, stripe)
		changes, polls := "", 0
		book.Changes = func(context.Context) (string, error) { polls++; return changes, nil }
		other.Changes = book.Changes
		plan := func(b *pricebook.Book, price string) string {
			return lockstep.Catalog{}.PlanOf(name(t, b, lockstep.Catalog{}, item("si_"+price, price, "")), "")
		}
		for n := range 50 {
			if got := plan(book, fmt.Sprint("price_", n)); got != "Pro" {
				t.Fatalf("it gives %q", got)
			}
			time.Sleep(time.Minute)
		}
		if stripe.reads != 1 || polls != 50 {
			t.Errorf("%d reads of one product, and %d polls, in 50 minutes", stripe.reads, polls)
		}
		if got := plan(other, "price_0"); got != "Pro" || stripe.reads != 1 {
			t.Errorf("another process gives %q after %d reads", got, stripe.reads)
		}
		if got := plan(other, "price_new"); got != "Pro" || stripe.reads != 2 {
			t.Errorf("another process gives %q after %d reads", got, stripe.reads)
		}
		stripe.names["prod_1"], changes = "Pro 2027", "1"
		time.Sleep(5 * time.Second)
		for _, b := range []*pricebook.Book{book, other} {
			if got := plan(b, fmt.Sprintf("price_%p", b)); got != "Pro 2027" {
				t.Errorf("after the product was renamed, a new price gives %q", got)
			}
			if got := plan(b, "price_0"); got != "Pro" {
				t.Errorf("the product's new name renames an old price to %q", got)
			}
		}
	})
}

// A lookup key that another process saw while this one remembered the price without it.
func TestAPriceThatChangedIsLookedUpAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book, other := opened(t, &shop{names: map[string]string{"prod_1": "Notes"}})
		changes := ""
		book.Changes = func(context.Context) (string, error) { return changes, nil }
		name(t, book, lockstep.Catalog{}, item("si_1", "price_1", ""))
		name(t, other, lockstep.Catalog{}, item("si_2", "price_1", "pro_monthly"))
		changes = "1"
		time.Sleep(5 * time.Second)
		got := name(t, book, plans, item("si_3", "price_1", ""))
		if plan := plans.PlanOf(got, ""); plan != "pro" {
			t.Errorf("it gives %q: %+v", plan, got)
		}
	})
}

// slow is a shop whose product changes while it is read.
type slow struct {
	*shop
	meanwhile func()
}

func (s slow) Product(ctx context.Context, id string) (lockstep.Product, error) {
	product, err := s.shop.Product(ctx, id)
	s.meanwhile()
	return product, err
}

func TestAReadThatAChangeOvertakesIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stripe := &shop{names: map[string]string{"prod_1": "Pro"}}
		book, _ := opened(t, stripe)
		changes := ""
		book.Changes = func(context.Context) (string, error) { return changes, nil }
		book.Stripe = slow{stripe, func() {
			if changes == "" {
				stripe.names["prod_1"], changes = "Pro 2027", "1"
				time.Sleep(5 * time.Second)
				name(t, book, plans, item("si_9", "price_9", "pro_monthly")) // another run polls
			}
		}}
		name(t, book, lockstep.Catalog{}, item("si_1", "price_1", ""))
		got := name(t, book, lockstep.Catalog{}, item("si_2", "price_2", ""))
		if plan := (lockstep.Catalog{}).PlanOf(got, ""); plan != "Pro 2027" {
			t.Errorf("a price that was bought after the change gives %q", plan)
		}
	})
}
