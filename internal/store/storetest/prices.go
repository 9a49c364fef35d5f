package storetest

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

// name stores a name, and returns all names of the price as key=plan.
func (w *world) name(price, key, plan string) (names []string) {
	w.Helper()
	all, err := w.NamePrices(w.Context(), []lockstep.PriceName{{PriceID: price, LookupKey: key, ProductID: "prod_1",
		ProductPlan: plan}})
	w.ok(err)
	for _, n := range all {
		if n.PriceID != price || n.ProductID != "prod_1" || n.SeenAt.IsZero() {
			w.Errorf("the names of %s hold %+v", price, n)
		}
		names = append(names, n.LookupKey+"="+n.ProductPlan)
	}
	return names
}

var prices = map[string]func(*world){
	"a price keeps the names that it had": func(w *world) {
		equal(w, "first", w.name("price_1", "pro", ""), []string{"pro="})
		w.name("price_2", "other", "")
		equal(w, "moved away", w.name("price_1", "", ""), []string{"pro=", "="})
		equal(w, "called anew", w.name("price_1", "gold", ""), []string{"pro=", "=", "gold="})
		equal(w, "seen again", w.name("price_1", "pro", ""), []string{"pro=", "=", "gold="})
	},
	"names are read without being stored": func(w *world) {
		w.name("price_1", "pro", "Pro")
		w.name("price_1", "gold", "")
		names, err := w.NamesOf(w.Context(), "price_1", "price_2")
		w.ok(err)
		if len(names) != 2 || names[0].LookupKey != "pro" || names[0].ProductPlan != "Pro" || names[1].LookupKey != "gold" {
			w.Errorf("names: %+v", names)
		}
	},
	"names that are stored together keep their order": func(w *world) {
		var seen []lockstep.PriceName
		for _, key := range []string{"pro", "gold", "basic"} {
			seen = append(seen, lockstep.PriceName{PriceID: "price_1", LookupKey: key})
		}
		names, err := w.NamePrices(w.Context(), seen)
		w.ok(err)
		for n := range names {
			names[n].SeenAt = time.Time{}
		}
		equal(w, "names", names, seen)
	},
	"the first plan of a product is kept": func(w *world) {
		w.name("price_1", "", "")
		equal(w, "read", w.name("price_1", "", "Pro"), []string{"=Pro"})
		equal(w, "renamed", w.name("price_1", "", "Gold"), []string{"=Pro"})
		equal(w, "not read", w.name("price_1", "", ""), []string{"=Pro"})
	},
	"names are there after the store is reopened": func(w *world) {
		w.name("price_1", "pro", "Pro")
		w.ok(w.Close())
		w.Store = w.open(w.T)
		names, err := w.NamePrices(w.Context(), []lockstep.PriceName{{PriceID: "price_1", LookupKey: "pro"},
			{PriceID: "price_1", LookupKey: "pro"}, {PriceID: "price_2"}})
		w.ok(err)
		if len(names) != 2 || names[0].LookupKey != "pro" || names[0].ProductPlan != "Pro" || names[1].PriceID != "price_2" {
			w.Errorf("names: %+v", names)
		}
	},
	"held prices are counted by name": func(w *world) {
		pro := lockstep.Item{ID: "si_1", PriceID: "price_1", Keys: []string{"pro"}, BoughtAs: "pro"}
		sub := func(id, status string, items ...lockstep.Item) lockstep.Subscription {
			return lockstep.Subscription{ID: id, CustomerID: "cus_1", Status: status, CreatedAt: at(1), Items: items}
		}
		named := sub("sub_4", "active", pro)
		named.PlanNamed = "team"
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_1",
			Subscriptions: []lockstep.Subscription{sub("sub_1", "active", pro), sub("sub_2", "canceled", pro),
				sub("sub_3", "past_due", pro, lockstep.Item{ID: "si_2", PriceID: "price_0"}), named}})
		l := license("cs_1", "pi_1")
		l.PlanNamed, l.Items = "", []lockstep.Item{{ID: "li_1", PriceID: "price_1", Keys: []string{"pro"}, BoughtAs: "pro"}}
		refunded := license("cs_2", "pi_2")
		refunded.Status = lockstep.LicenseRefunded
		claim := w.hold(checkoutKey("cs_1"))
		w.ok(w.SaveLicense(w.Context(), claim, l, nil))
		w.ok(w.SaveLicense(w.Context(), claim, refunded, nil))
		pro.ID = ""
		want := []lockstep.HeldPrice{{Item: lockstep.Item{PriceID: "price_0"}, Subscriptions: 1},
			{Item: pro, Subscriptions: 2, Licenses: 1}, {Item: pro, PlanNamed: "team", Subscriptions: 1}}
		held, err := w.HeldPrices(w.Context(), 10)
		w.ok(err)
		equal(w, "held", held, want)
		held, err = w.HeldPrices(w.Context(), 1)
		w.ok(err)
		equal(w, "the first", held, want[:1])
	},
}
