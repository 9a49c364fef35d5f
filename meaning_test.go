package lockstep_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// notes is a shop with a plan, an add-on, a pass and a license.
var notes = lockstep.Catalog{PlanMetadata: "tier", Plans: []lockstep.Plan{
	{Name: "pro", LookupKeys: []string{"pro_monthly", "pro_yearly"}, Rank: 2, Features: []string{"notes", "export"}},
	{Name: "addon", LookupKeys: []string{"addon"}, Features: []string{"backup", "notes"}},
	{Name: "team", Rank: 3, Features: []string{"sso"}},
	{Name: "pass", LookupKeys: []string{"pass"}, Features: []string{"export"}, Duration: 48 * time.Hour},
	{Name: "life", LookupKeys: []string{"life"}, Rank: 1, Features: []string{"notes"}},
}}

// item is an item that ends a number of days from now.
func item(key string, days int) lockstep.Item {
	return lockstep.Item{ID: "si_" + key, PriceID: "price_" + key, LookupKey: key, ProductID: "prod_" + key,
		Quantity:    int64(days),
		PeriodStart: now.AddDate(0, 0, days-30), PeriodEnd: now.AddDate(0, 0, days)}
}

func with(status string, items ...lockstep.Item) lockstep.Subscription {
	return lockstep.Subscription{ID: "sub_1", Status: status, CreatedAt: now.AddDate(0, 0, -60), Items: items}
}

func TestEachFeatureEndsWithTheItemThatGrantsIt(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	bought := license("cs_1", lockstep.LicenseActive, "life")
	pass := license("cs_2", lockstep.LicenseActive, "pass")
	pass.PaidAt = day(-1)
	canceled := with("active", item("pro_monthly", 10), item("addon", 300))
	canceled.CancelAt = day(10)
	over := with("canceled", item("pro_monthly", 10), item("addon", 300))
	over.EndedAt = day(-2)
	for title, c := range map[string]struct {
		sub      lockstep.Subscription
		licenses []lockstep.License
		until    time.Time
		seats    int64
		expires  map[string]time.Time
	}{
		"a monthly plan and a yearly add-on": {with("active", item("pro_monthly", 10), item("addon", 300)), nil, day(10), 10,
			map[string]time.Time{"notes": day(300), "export": day(10), "backup": day(300)}},
		"a yearly plan and a monthly add-on": {with("active", item("addon", 10), item("pro_yearly", 300)), nil, day(300), 300,
			map[string]time.Time{"notes": day(300), "export": day(300), "backup": day(10)}},
		"the plan's period is over by our clock": {with("active", item("pro_monthly", -1), item("addon", 300)), nil,
			day(-1), -1,
			map[string]time.Time{"notes": day(300), "export": day(-1), "backup": day(300)}},
		"the same plan twice": {with("active", item("pro_monthly", 10), item("pro_yearly", 300)), nil, day(300), 310,
			map[string]time.Time{"notes": day(300), "export": day(300)}},
		"canceled: all end together": {canceled, nil, day(10), 10, map[string]time.Time{"notes": day(10), "export": day(10),
			"backup": day(10)}},
		"a license that never ends": {with("active", item("pro_monthly", 10)), []lockstep.License{bought}, day(10), 10,
			map[string]time.Time{"export": day(10)}},
		"a pass that ends first": {with("active", item("pro_monthly", 10)), []lockstep.License{pass}, day(10), 10,
			map[string]time.Time{"notes": day(10), "export": day(10)}},
		"a pass beside an add-on": {with("active", item("addon", 10)), []lockstep.License{pass}, day(10), 10,
			map[string]time.Time{"notes": day(10), "backup": day(10), "export": day(1)}},
		"over": {over, nil, day(-2), 0, nil},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := notes.Decide([]lockstep.Subscription{c.sub}, c.licenses, now)
			if a.Until == nil || !a.Until.Equal(c.until) || a.Seats != c.seats {
				t.Errorf("until %v with %d seats, want %v with %d", a.Until, a.Seats, c.until, c.seats)
			}
			if diff := cmp.Diff(c.expires, a.Expires); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheAppNamesThePlan(t *testing.T) {
	t.Parallel()
	named := func(plan string, items ...lockstep.Item) lockstep.Subscription {
		s := with("active", items...)
		s.PlanNamed = plan
		return s
	}
	unset := notes
	unset.PlanMetadata = ""
	for title, c := range map[string]struct {
		catalog  lockstep.Catalog
		sub      lockstep.Subscription
		plan     string
		features []string
	}{
		"a plan of the catalog beats the price's": {notes, named("team", item("pro_monthly", 10)), "team", []string{"sso"}},
		"and stands in for the leading item only": {notes, named("team", item("addon", 10), item("pro_monthly", 10)), "team",
			[]string{"backup", "notes", "sso"}},
		"a plan that the catalog lacks does not": {notes, named("gold", item("pro_monthly", 10)), "pro",
			[]string{"export", "notes"}},
		"but names what the catalog does not": {notes, named("gold", item("else", 10)), "gold", nil},
		"a lower plan too":                    {notes, named("life", item("pro_monthly", 10)), "life", []string{"notes"}},
		"without a catalog it is the name": {lockstep.Catalog{PlanMetadata: "tier"},
			named("gold", item("pro_monthly", 10)), "gold", nil},
		"nothing is named": {notes, named("", item("pro_monthly", 10)), "pro",
			[]string{"export", "notes"}},
		"the setting is gone": {unset, named("team", item("pro_monthly", 10)), "pro",
			[]string{"export", "notes"}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := c.catalog.Decide([]lockstep.Subscription{c.sub}, nil, now)
			if diff := cmp.Diff(c.features, a.Features); a.Plan != c.plan || diff != "" {
				t.Errorf("plan %q, want %q: %s", a.Plan, c.plan, diff)
			}
		})
	}
	t.Run("on a license", func(t *testing.T) {
		t.Parallel()
		l := license("cs_1", lockstep.LicenseActive, "life")
		l.PlanNamed = "pass"
		if a := notes.Decide(nil, []lockstep.License{l}, now); a.Active || a.Reasons[0].Plan != "pass" {
			t.Errorf("a pass of a year ago is %+v", a)
		}
	})
	if err := (lockstep.Catalog{PlanMetadata: "a[b]"}).Validate(); err == nil || !contains(err.Error(), "plan_metadata") {
		t.Errorf("a key that Stripe does not allow: %v", err)
	}
}

func TestTheGraceCountsFromTheFailure(t *testing.T) {
	t.Parallel()
	c := notes
	c.PastDueGrace = 72 * time.Hour
	hours := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	tried := func(status string, at time.Time) lockstep.Subscription {
		s := with(status, item("pro_monthly", 10)) // the period began 20 days ago
		s.TriedAt = at
		return s
	}
	sent := func(status string, due time.Time) lockstep.Subscription {
		s := tried(status, time.Time{})
		s.InvoiceDue = due
		return s
	}
	good, failed := tried("active", time.Time{}), tried("past_due", hours(-1))
	failed.UnpaidSince = hours(-71)
	forgotten := failed
	forgotten.UnpaidSince = time.Time{}
	for title, c := range map[string]struct {
		was, now lockstep.Subscription
		since    time.Time
	}{
		"an upgrade declined in mid-period": {good, tried("past_due", hours(-1)), hours(-1)},
		"past due before our first look": {lockstep.Subscription{}, tried("past_due", hours(-100)),
			hours(-100)},
		"seen late, after an outage": {good, tried("past_due", hours(-100)), hours(-100)},
		"an invoice that is sent and late": {sent("active", hours(-2)), sent("past_due", hours(-2)),
			hours(-2)},
		"sent, late before our first look": {lockstep.Subscription{}, sent("past_due", hours(-200)),
			hours(-200)},
		"a bank debit that failed days later": {tried("active", hours(-96)), tried("past_due", hours(-96)), now},
		"one of a trial's end": {tried("trialing", hours(-96)), tried("past_due", hours(-96)),
			now},
		"a card, after an earlier debit": {tried("active", hours(-900)), tried("past_due", hours(-96)),
			hours(-96)},
		"the next invoice fails too":          {failed, tried("past_due", hours(-1)), hours(-71)},
		"given up by Stripe":                  {failed, tried("unpaid", hours(-1)), hours(-71)},
		"paid":                                {failed, tried("active", time.Time{}), time.Time{}},
		"an invoice that Stripe did not show": {good, tried("past_due", time.Time{}), now.AddDate(0, 0, -20)},
		"stored past due by a version that kept no times": {forgotten, tried("past_due", hours(-90)), hours(-90)},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := c.now.Owing(c.was, now)
			if !s.UnpaidSince.Equal(c.since) {
				t.Errorf("unpaid since %v, want %v", s.UnpaidSince, c.since)
			}
		})
	}
	late := tried("past_due", hours(-71)).Owing(good, now)
	a := c.Decide([]lockstep.Subscription{late}, nil, now)
	if !a.Active || !a.Recheck.Equal(hours(1)) {
		t.Errorf("an hour before the grace is over: active=%v, recheck %v", a.Active, a.Recheck)
	}
	if a := c.Decide([]lockstep.Subscription{late}, nil, hours(1)); a.Active {
		t.Error("the grace does not end")
	}
}

// A plan bought before a price rise is not sold again.
func TestAGrandfatheredPriceIsNotSoldAgain(t *testing.T) {
	t.Parallel()
	old := func(keys ...string) lockstep.Item {
		return lockstep.Item{ID: "li_1", PriceID: "price_old", ProductID: "prod_1", Keys: keys, BoughtAs: keys[0]}
	}
	has := func(i lockstep.Item, named string) lockstep.Holdings {
		return lockstep.Holdings{Several: true, Licenses: []lockstep.License{{ID: "cs_1", Status: lockstep.LicenseActive,
			Items: []lockstep.Item{i}, PlanNamed: named}},
			Subscriptions: []lockstep.Subscription{{ID: "sub_1", Status: "active", Items: []lockstep.Item{i}, PlanNamed: named}}}
	}
	price := func(key string, recurring bool, keys ...string) lockstep.Price {
		return lockstep.Price{ID: "price_new", LookupKey: key, ProductID: "prod_2", Recurring: recurring, Keys: keys}
	}
	for title, c := range map[string]struct {
		catalog lockstep.Catalog
		price   lockstep.Price
		has     lockstep.Holdings
		want    lockstep.ObstacleKind
	}{
		"a license": {notes, price("life", false), has(old("life"), ""),
			lockstep.AlreadyBought},
		"a license, without a catalog": {lockstep.Catalog{}, price("life", false), has(old("life"), ""),
			lockstep.AlreadyBought},
		"a subscription": {notes, price("pro_monthly", true), has(old("pro_monthly"), ""),
			lockstep.AlreadySubscribed},
		"another key of the plan": {notes, price("pro_yearly", true), has(old("pro_monthly"), ""),
			lockstep.AlreadySubscribed},
		"the price on sale lost its key": {notes, price("", true, "pro_monthly"), has(old("pro_yearly"), ""),
			lockstep.AlreadySubscribed},
		"a plan that the app named": {notes, price("life", false), has(old("else"), "life"),
			lockstep.AlreadyBought},
		"another plan": {notes, price("life", false), has(old("pro_monthly"), ""), ""},
		"renamed since, the key at purchase rules": {notes, price("addon", true), has(old("pro_monthly", "addon"), ""), ""},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			if got, _ := c.catalog.Obstacle(c.price, c.has, now); got.Kind != c.want {
				t.Errorf("got %+v, want %q", got, c.want)
			}
		})
	}
}
