package lockstep_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var shop = lockstep.Catalog{Plans: []lockstep.Plan{
	{Name: "basic", LookupKeys: []string{"basic"}, Rank: 1, Features: []string{"notes"},
		Limits: map[string]int64{"notes": 10, "files": 9}},
	{Name: "pro", Prices: []string{"price_pro"}, Products: []string{"prod_pro"}, Rank: 2,
		Features: []string{"notes", "export"}, Limits: map[string]int64{"notes": 100}},
}}

// sub is a subscription for a month from the first of March.
func sub(id, status, key string, change ...func(*lockstep.Subscription)) lockstep.Subscription {
	s := lockstep.Subscription{ID: id, Status: status, CreatedAt: now.Add(-time.Hour), Items: []lockstep.Item{{
		ID: "si_" + id, LookupKey: key, Quantity: 1, PeriodStart: now.Add(-12 * time.Hour), PeriodEnd: now.AddDate(0, 1, 0)}}}
	for _, c := range change {
		c(&s)
	}
	return s
}

func license(id string, status lockstep.LicenseStatus, key string) lockstep.License {
	return lockstep.License{ID: id, Status: status, CreatedAt: now.AddDate(-1, 0, 0),
		Items: []lockstep.Item{{LookupKey: key, Quantity: 1}}}
}

func TestStatusGrantsOrNot(t *testing.T) {
	t.Parallel()
	grants := map[string]bool{"trialing": true, "active": true, "past_due": true, "unpaid": false, "incomplete": false,
		"incomplete_expired": false, "canceled": false, "paused": false, "suspended": false, "": false}
	for status, want := range grants {
		a := shop.Decide([]lockstep.Subscription{sub("sub_1", status, "basic")}, nil, now)
		if a.Active != want || a.Reasons[0].Grants != want {
			t.Errorf("%q grants: %v, want %v", status, a.Active, want)
		}
		if a.Status != status || a.SubscriptionID != "sub_1" || a.Reasons[0].Why == "" {
			t.Errorf("%q is told as %+v", status, a)
		}
	}
}

func TestPastDueHasAGrace(t *testing.T) {
	t.Parallel()
	past := []lockstep.Subscription{sub("sub_1", "past_due", "basic")} // unpaid since 12 hours
	for grace, want := range map[time.Duration]bool{0: true, 13 * time.Hour: true, 12 * time.Hour: false, -1: false} {
		c := shop
		c.PastDueGrace = grace
		a := c.Decide(past, nil, now)
		if a.Active != want {
			t.Errorf("grace %s: active=%v, want %v", grace, a.Active, want)
		}
		if lookAgain := grace == 13*time.Hour; lookAgain != !a.Recheck.IsZero() || lookAgain &&
			!a.Recheck.Equal(now.Add(time.Hour)) {
			t.Errorf("grace %s: to be decided again at %s", grace, a.Recheck)
		}
	}
}

func TestAllSubscriptionsAndLicensesCount(t *testing.T) {
	t.Parallel()
	ended := func(s *lockstep.Subscription) { s.EndedAt = now.Add(-time.Minute) }
	pro := func(s *lockstep.Subscription) { s.Items[0].LookupKey, s.Items[0].PriceID = "", "price_pro" }
	tests := map[string]struct {
		subs     []lockstep.Subscription
		licenses []lockstep.License
		active   bool
		status   string
		plan     string
		counts   string // the subscription
		features []string
	}{
		"nothing": {status: "none"},
		"the higher rank is the plan": {[]lockstep.Subscription{sub("sub_1", "active", "basic"),
			sub("sub_2", "active", "", pro)}, nil, true, "active", "pro", "sub_2", []string{"export", "notes"}},
		"a canceled one takes nothing away": {[]lockstep.Subscription{sub("sub_1", "active", "basic"),
			sub("sub_2", "canceled", "", pro, ended)}, nil, true, "active", "basic", "sub_1", []string{"notes"}},
		"the newer of two equals": {[]lockstep.Subscription{sub("sub_1", "active", "basic",
			func(s *lockstep.Subscription) { s.CreatedAt = now }), sub("sub_2", "trialing", "basic")}, nil, true, "active",
			"basic", "sub_1", []string{"notes"}},
		"a license alone": {nil, []lockstep.License{license("cs_1", lockstep.LicenseActive, "basic")},
			true, "licensed", "basic", "", []string{"notes"}},
		"a license beside an ended one": {[]lockstep.Subscription{sub("sub_1", "canceled", "basic", ended)},
			[]lockstep.License{license("cs_1", lockstep.LicenseActive, "basic")}, true, "licensed", "basic", "sub_1",
			[]string{"notes"}},
		"a subscription before a license": {[]lockstep.Subscription{sub("sub_1", "active", "basic")},
			[]lockstep.License{license("cs_1", lockstep.LicenseActive, "basic")}, true, "active", "basic", "sub_1",
			[]string{"notes"}},
		"a refunded license": {nil, []lockstep.License{license("cs_1", lockstep.LicenseRefunded, "basic")},
			false, "none", "", "", nil},
		"a disputed license": {nil, []lockstep.License{license("cs_1", lockstep.LicenseDisputed, "basic")},
			false, "none", "", "", nil},
		"a payment under way": {nil, []lockstep.License{license("cs_1", lockstep.LicensePending, "basic")},
			false, "none", "", "", nil},
		"a plan that the catalog lacks": {[]lockstep.Subscription{sub("sub_1", "active", "gold")}, nil, true, "active",
			"gold", "sub_1", nil},
		"the ended one when none is left": {[]lockstep.Subscription{sub("sub_1", "canceled", "basic", ended)}, nil,
			false, "canceled", "", "sub_1", nil},
		"an ended one and a refunded license": {[]lockstep.Subscription{sub("sub_1", "canceled", "basic", ended)},
			[]lockstep.License{license("cs_1", lockstep.LicenseRefunded, "gold")}, false, "canceled", "", "sub_1", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := shop.Decide(tt.subs, tt.licenses, now)
			if a.Active != tt.active || a.Status != tt.status || a.Plan != tt.plan || a.SubscriptionID != tt.counts {
				t.Errorf("got active=%v status=%s plan=%q counts=%q: %+v", a.Active, a.Status, a.Plan, a.SubscriptionID, a.Reasons)
			}
			if diff := cmp.Diff(tt.features, a.Features); diff != "" {
				t.Error(diff)
			}
			if len(a.Reasons) != len(tt.subs)+len(tt.licenses) {
				t.Errorf("%d reasons", len(a.Reasons))
			}
		})
	}
}

func TestLimitsAreTheHighest(t *testing.T) {
	t.Parallel()
	both := sub("sub_1", "active", "basic")
	both.Items = append(both.Items, lockstep.Item{ID: "si_2", ProductID: "prod_pro", Quantity: 5})
	a := shop.Decide([]lockstep.Subscription{both}, nil, now)
	if diff := cmp.Diff(map[string]int64{"notes": 100, "files": 9}, a.Limits); diff != "" {
		t.Error(diff)
	}
	if a.Plan != "pro" || a.Seats != 5 {
		t.Errorf("plan %s with %d seats", a.Plan, a.Seats)
	}
}

func TestBothEncodingsOfAnEndAreOne(t *testing.T) {
	t.Parallel()
	at := now.AddDate(0, 0, 3)
	for name, change := range map[string]func(*lockstep.Subscription){
		"flag": func(s *lockstep.Subscription) { s.CancelAtPeriodEnd = true },
		"date": func(s *lockstep.Subscription) { s.CancelAt = at },
	} {
		a := shop.Decide([]lockstep.Subscription{sub("sub_1", "active", "basic", change)}, nil, now)
		until := map[string]time.Time{"flag": now.AddDate(0, 1, 0), "date": at}[name]
		if !a.Active || !a.Ending || a.Until == nil || !a.Until.Equal(until) {
			t.Errorf("by %s: active=%v ending=%v until=%v", name, a.Active, a.Ending, a.Until)
		}
	}
}

func TestOurClockTakesNothingAway(t *testing.T) {
	t.Parallel()
	a := shop.Decide([]lockstep.Subscription{sub("sub_1", "active", "basic")}, nil, now.AddDate(0, 2, 0))
	if !a.Active {
		t.Error("a paid period that is over by our clock ended the access, while Stripe says active")
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	subs := []lockstep.Subscription{sub("sub_1", "active", "basic"), sub("sub_2", "active", "basic"),
		sub("sub_3", "canceled", "basic")}
	want := shop.Decide(subs, nil, now)
	subs[0], subs[1], subs[2] = subs[2], subs[0], subs[1]
	if diff := cmp.Diff(want, shop.Decide(subs, nil, now)); diff != "" {
		t.Error(diff)
	}
}

func TestCatalogProblemsAreAllTold(t *testing.T) {
	t.Parallel()
	bad := lockstep.Catalog{Plans: []lockstep.Plan{{Name: "a", Prices: []string{"p"}}, {Name: "a"},
		{Name: "b", Prices: []string{"p"}}, {}}}
	err := bad.Validate()
	for _, part := range []string{`"a" is listed twice`, `"p" belongs to plan "a" and to plan "b"`, "has no name"} {
		if err == nil || !contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
	if err := shop.Validate(); err != nil {
		t.Error(err)
	}
}
