package lockstep_test

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestObstacle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	catalog := lockstep.Catalog{Plans: []lockstep.Plan{
		{Name: "basic", LookupKeys: []string{"basic"}},
		{Name: "pro", LookupKeys: []string{"pro", "pro_yearly", "pro_life"}},
		{Name: "pass", LookupKeys: []string{"pass"}, Duration: 24 * time.Hour},
	}}
	of := func(id string) lockstep.Item {
		return lockstep.Item{PriceID: "price_" + id, LookupKey: id, ProductID: "prod_" + id}
	}
	price := func(id string, recurring bool) lockstep.Price {
		return lockstep.Price{ID: "price_" + id, LookupKey: id, ProductID: "prod_" + id, Recurring: recurring}
	}
	sub := func(id, status string) lockstep.Holdings {
		return lockstep.Holdings{Subscriptions: []lockstep.Subscription{{ID: "sub_1", Status: status,
			Items: []lockstep.Item{of(id)}}}}
	}
	several := func(h lockstep.Holdings) lockstep.Holdings { h.Several = true; return h }
	license := func(id string, status lockstep.LicenseStatus, paid time.Time) lockstep.Holdings {
		return lockstep.Holdings{Licenses: []lockstep.License{{ID: "cs_1", Status: status, Items: []lockstep.Item{of(id)},
			CreatedAt: paid}}}
	}
	session := func(mode, status string, age time.Duration) lockstep.Holdings {
		return lockstep.Holdings{Checkouts: []lockstep.Checkout{{ID: "cs_2", Mode: mode, Status: status,
			PaymentStatus: "paid", CreatedAt: now.Add(-age)}}}
	}
	yesterday := now.Add(-25 * time.Hour)
	for name, c := range map[string]struct {
		price lockstep.Price
		has   lockstep.Holdings
		want  lockstep.ObstacleKind
	}{
		"nothing":                             {price("pro", true), lockstep.Holdings{}, ""},
		"the same, active":                    {price("pro", true), sub("pro", "active"), lockstep.AlreadySubscribed},
		"the same, on trial":                  {price("pro", true), sub("pro", "trialing"), lockstep.AlreadySubscribed},
		"the same, past due":                  {price("pro", true), sub("pro", "past_due"), lockstep.AlreadySubscribed},
		"the same, unpaid":                    {price("pro", true), sub("pro", "unpaid"), lockstep.AlreadySubscribed},
		"the same, paused":                    {price("pro", true), sub("pro", "paused"), lockstep.AlreadySubscribed},
		"the same, first payment open":        {price("pro", true), sub("pro", "incomplete"), lockstep.FirstPaymentOpen},
		"another plan, first payment open":    {price("pro", true), sub("basic", "incomplete"), lockstep.FirstPaymentOpen},
		"another, open, where several may be": {price("pro", true), several(sub("basic", "incomplete")), ""},
		"somebody else's, first payment open": {price("pro", true),
			lockstep.Holdings{Claimed: []string{""}, Subscriptions: sub("pro", "incomplete").Subscriptions}, ""},
		"once, while a first payment is open": {price("pro_life", false), sub("pro", "incomplete"), ""},
		"open, and bought as a license": {price("pro", true),
			lockstep.Holdings{Subscriptions: sub("pro", "incomplete").Subscriptions,
				Licenses: license("pro_life", lockstep.LicenseActive, yesterday).Licenses}, lockstep.AlreadyBought},
		"open, and another subscription": {price("pro", true), lockstep.Holdings{
			Subscriptions: append(sub("pro", "incomplete").Subscriptions, sub("basic", "active").Subscriptions...)},
			lockstep.OtherSubscription},
		"the same, of a status that is new": {price("pro", true), sub("pro", "brand_new"), lockstep.AlreadySubscribed},
		"the same, ended":                   {price("pro", true), sub("pro", "canceled"), ""},
		"the same, never begun":             {price("pro", true), sub("pro", "incomplete_expired"), ""},
		"another price of the plan": {price("pro_yearly", true), several(sub("pro", "active")),
			lockstep.AlreadySubscribed},
		"another plan":                       {price("pro", true), sub("basic", "active"), lockstep.OtherSubscription},
		"another plan that ended":            {price("pro", true), sub("basic", "canceled"), ""},
		"another plan, where several may be": {price("pro", true), several(sub("basic", "active")), ""},
		"once, what is subscribed":           {price("pro_life", false), sub("pro", "active"), ""},
		"subscribe to what was bought": {price("pro", true), license("pro_life", lockstep.LicenseActive, yesterday),
			lockstep.AlreadyBought},
		"bought": {price("pro_life", false),
			license("pro_life", lockstep.LicenseActive, yesterday), lockstep.AlreadyBought},
		"bought something else": {price("pass", false),
			license("pro_life", lockstep.LicenseActive, yesterday), ""},
		"refunded": {price("pro_life", false), license("pro_life", lockstep.LicenseRefunded,
			yesterday), ""},
		"disputed": {price("pro_life", false), license("pro_life", lockstep.LicenseDisputed,
			yesterday), ""},
		"payment failed": {price("pro_life", false),
			license("pro_life", lockstep.LicenseFailed, yesterday), ""},
		"payment pending": {price("pro_life", false), license("pro_life", lockstep.LicensePending,
			yesterday), lockstep.PaymentUnderWay},
		"run out": {price("pass", false), license("pass", lockstep.LicenseActive, yesterday), ""},
		"still running": {price("pass", false),
			license("pass", lockstep.LicenseActive, now.Add(-23*time.Hour)), lockstep.AlreadyBought},
		"just paid, no record": {price("pro_life", false), session("payment", "complete", time.Hour),
			lockstep.PaymentUnderWay},
		"paid long ago, no record":            {price("pro_life", false), session("payment", "complete", 26*time.Hour), ""},
		"open":                                {price("pro_life", false), session("payment", "open", time.Hour), ""},
		"a subscription's session is no news": {price("pro_life", false), session("subscription", "complete", time.Hour), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, some := catalog.Obstacle(c.price, c.has, now)
			if got.Kind != c.want || some != (c.want != "") {
				t.Errorf("got %+v %v, want %q", got, some, c.want)
			}
		})
	}
	t.Run("without a catalog, the product says what is the same", func(t *testing.T) {
		t.Parallel()
		yearly := lockstep.Price{ID: "price_y", ProductID: "prod_pro", Recurring: true}
		if got, _ := (lockstep.Catalog{}).Obstacle(yearly, several(sub("pro", "active")),
			now); got.Kind != lockstep.AlreadySubscribed {
			t.Errorf("got %+v", got)
		}
		if got, some := (lockstep.Catalog{}).Obstacle(yearly, several(sub("basic", "active")), now); some {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a payment that is recorded is no news", func(t *testing.T) {
		t.Parallel()
		has := session("payment", "complete", time.Hour)
		has.Licenses = []lockstep.License{{ID: "cs_2", Status: lockstep.LicenseRefunded,
			Items: []lockstep.Item{of("pro_life")}}}
		if got, some := catalog.Obstacle(price("pro_life", false), has, now); some {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTrial(t *testing.T) {
	t.Parallel()
	catalog := lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro"}, TrialDays: 14,
		TrialWithoutCard: true}, {Name: "basic", LookupKeys: []string{"basic"}}}}
	had := []lockstep.Subscription{{ID: "sub_1", Status: "canceled",
		TrialEnd: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}}
	pro, basic := lockstep.Price{ID: "p", LookupKey: "pro", Recurring: true}, lockstep.Price{ID: "b", LookupKey: "basic",
		Recurring: true}
	type trial struct {
		days              int64
		withoutCard, used bool
	}
	for name, c := range map[string]struct {
		price    lockstep.Price
		asked    int64
		subs     []lockstep.Subscription
		repeated bool
		want     trial
	}{
		"the plan's":            {pro, 0, nil, false, trial{14, true, false}},
		"asked for":             {pro, 3, nil, false, trial{3, true, false}},
		"a plan without":        {basic, 0, nil, false, trial{}},
		"a plan without, asked": {basic, 3, nil, false, trial{days: 3}},
		"used":                  {pro, 0, had, false, trial{used: true}},
		"used, asked for":       {basic, 3, had, false, trial{used: true}},
		"used, and may repeat":  {pro, 0, had, true, trial{14, true, false}},
		"a subscription without": {pro, 0, []lockstep.Subscription{{ID: "sub_1", Status: "canceled"}}, false,
			trial{14, true, false}},
		"once":               {lockstep.Price{ID: "p", LookupKey: "pro"}, 0, nil, false, trial{}},
		"no plan of a trial": {basic, 0, had, false, trial{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got trial
			got.days, got.withoutCard, got.used = catalog.Trial(c.price, c.asked, c.subs, c.repeated)
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
