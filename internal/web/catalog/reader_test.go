package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/catalog"
)

// world is Stripe and the store of a test.
type world struct {
	active, inactive []lockstep.ListedPrice
	more             bool
	down             bool
	names            []lockstep.PriceName
	held             []lockstep.HeldPrice
	takes            time.Duration // a count

	lists, counts atomic.Int64
}

func (w *world) ListPrices(_ context.Context, active bool, _ int) ([]lockstep.ListedPrice, bool, error) {
	w.lists.Add(1)
	switch {
	case w.down:
		return nil, false, errors.New("stripe is down")
	case active:
		return w.active, w.more, nil
	}
	return w.inactive, false, nil
}

func (w *world) NamesOf(_ context.Context, ids ...string) (found []lockstep.PriceName, err error) {
	for _, n := range w.names {
		if slices.Contains(ids, n.PriceID) {
			found = append(found, n)
		}
	}
	return found, nil
}

func (w *world) HeldPrices(context.Context, int) ([]lockstep.HeldPrice, error) {
	w.counts.Add(1)
	time.Sleep(w.takes)
	return w.held, nil
}

func (w *world) reader(plans ...lockstep.Plan) *catalog.Reader {
	return &catalog.Reader{Catalog: lockstep.Catalog{Plans: plans}, Stripe: w, Store: w,
		Log: slog.New(slog.DiscardHandler)}
}

func price(id, key, product string, active bool) lockstep.ListedPrice {
	return lockstep.ListedPrice{Price: lockstep.Price{ID: id, LookupKey: key, ProductID: product, Active: active,
		Recurring: true}, ProductName: "Product " + product}
}

func held(id string, subscriptions int64, keys ...string) lockstep.HeldPrice {
	return lockstep.HeldPrice{Item: lockstep.Item{PriceID: id, Keys: keys, BoughtAs: append(keys, "")[0]},
		Subscriptions: subscriptions}
}

// TestThePlansAreComparedWithStripe: the price rise of pro moved its key; legacy exists nowhere; extra matches no plan;
// both matches two.
func TestThePlansAreComparedWithStripe(t *testing.T) {
	t.Parallel()
	w := &world{
		active: []lockstep.ListedPrice{price("price_new", "pro", "prod_1", true), price("price_extra", "", "prod_2", true),
			price("price_both", "", "prod_3", true), price("price_old", "", "prod_9", true)},
		inactive: []lockstep.ListedPrice{price("price_gone", "", "prod_4", false), price("price_unused", "", "prod_4", false)},
		names:    []lockstep.PriceName{{PriceID: "price_old", LookupKey: "pro"}, {PriceID: "price_new", LookupKey: "pro"}},
		held: []lockstep.HeldPrice{held("price_new", 5, "pro"), held("price_old", 7, "pro"), held("price_gone", 2),
			held("price_deleted", 1, "pro")},
	}
	v, err := w.reader(lockstep.Plan{Name: "pro", LookupKeys: []string{"pro", "legacy"}, Prices: []string{"price_both"}},
		lockstep.Plan{Name: "team", Products: []string{"prod_3", "prod_4"}}).View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range v.Plans {
		got = append(got, fmt.Sprint(p.Name, p.Subscriptions, p.Names))
	}
	for _, p := range v.Prices {
		got = append(got, fmt.Sprint(p.ID, " ", p.Plan, " ", p.Rule.By, " ", p.Listed, p.Plans, p.Subscriptions))
	}
	for _, g := range v.Grandfathered {
		got = append(got, fmt.Sprint(g.Item.PriceID, " ", g.Plan, " ", g.Subscriptions, " ", g.Why))
	}
	want := []string{
		"pro13 [{price price_both active} {lookup_key pro active} {lookup_key legacy missing}]",
		"team0 [{product prod_3 active} {product prod_4 inactive}]",
		"price_new pro lookup_key true [pro] 5",
		"price_extra Product prod_2 name_at_purchase false [] 0",
		"price_both pro price true [pro team] 0",
		"price_old pro lookup_key true [pro] 7",
		"price_gone team product true [team] 2",
		"price_old pro 7 the lookup key pro moved to another price",
		"price_gone price_gone 2 the price is inactive",
		"price_deleted pro 1 Stripe no longer has the price",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if v.PricesAt.IsZero() || v.CountsAt.IsZero() || v.PricesFailed || v.AtLeast {
		t.Errorf("%+v", v)
	}
}

// TestWhatWasNotReadIsUnknown: while Stripe is down, or has more prices than are read, a name may exist.
func TestWhatWasNotReadIsUnknown(t *testing.T) {
	t.Parallel()
	for _, w := range []*world{{down: true}, {more: true}} {
		w.held = []lockstep.HeldPrice{held("price_1", 3, "pro")}
		v, err := w.reader(lockstep.Plan{Name: "pro", LookupKeys: []string{"pro"}}).View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if v.Plans[0].Names[0].State != catalog.Unknown || v.Plans[0].Subscriptions != 3 || len(v.Grandfathered) != 0 ||
			v.PricesFailed != w.down || v.MoreActive != w.more {
			t.Errorf("%+v", v)
		}
	}
}

// TestReadsAreSharedAndKept counts what pages cost: Stripe is read once in 30 seconds, subscriptions are counted
// once in ten minutes, and no page waits for a long count.
func TestReadsAreSharedAndKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{takes: 20 * time.Second, held: []lockstep.HeldPrice{held("price_1", 3, "pro")}}
		r := w.reader(lockstep.Plan{Name: "pro", LookupKeys: []string{"pro"}})
		view := func() catalog.View {
			began := time.Now()
			v, err := r.View(t.Context())
			if waited := time.Since(began); err != nil || waited > 2*time.Second {
				t.Errorf("%v after %s", err, waited)
			}
			return v
		}
		for range 5 {
			go view()
		}
		if v := view(); !v.CountsAt.IsZero() {
			t.Errorf("counted: %+v", v)
		}
		time.Sleep(20 * time.Second)
		if v := view(); v.CountsAt.IsZero() || v.Plans[0].Subscriptions != 3 {
			t.Errorf("not counted: %+v", v)
		}
		if w.lists.Load() != 2 || w.counts.Load() != 1 {
			t.Errorf("%d lists, %d counts", w.lists.Load(), w.counts.Load())
		}
		w.down = true
		time.Sleep(time.Minute)
		if v := view(); !v.PricesFailed || v.PricesAt.IsZero() || w.lists.Load() != 3 {
			t.Errorf("%d lists: %+v", w.lists.Load(), v)
		}
		view()
		w.down = false
		time.Sleep(10 * time.Second)
		if v := view(); v.PricesFailed || w.lists.Load() != 5 || w.counts.Load() != 1 {
			t.Errorf("%d lists, %d counts: %+v", w.lists.Load(), w.counts.Load(), v)
		}
		time.Sleep(10 * time.Minute)
		view()
		time.Sleep(30 * time.Second)
		if w.counts.Load() != 2 {
			t.Errorf("%d counts", w.counts.Load())
		}
	})
}
