package lockstep_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestAGiftTakesNothingAway: a claimed customer's subscription adds to the account's own purchases and
// hides none of them.
func TestAGiftTakesNothingAway(t *testing.T) {
	t.Parallel()
	later := now.AddDate(0, 2, 0)
	seats := func(n int64) func(*lockstep.Subscription) {
		return func(s *lockstep.Subscription) { s.Items[0].Quantity = n }
	}
	until := func(end time.Time) func(*lockstep.Subscription) {
		return func(s *lockstep.Subscription) { s.Items[0].PeriodEnd = end }
	}
	ending := func(s *lockstep.Subscription) { s.CancelAtPeriodEnd = true }
	own := func(status string, change ...func(*lockstep.Subscription)) lockstep.Subscription {
		s := sub("sub_own", status, "basic", append([]func(*lockstep.Subscription){seats(50)}, change...)...)
		s.CustomerID, s.CreatedAt = "cus_own", now.AddDate(-1, 0, 0)
		return s
	}
	other := func(key string, change ...func(*lockstep.Subscription)) lockstep.Subscription {
		s := sub("sub_other", "active", key, change...)
		s.CustomerID = "cus_other"
		if key == "pro" {
			s.Items[0].PriceID = "price_pro"
		}
		return s
	}
	for name, c := range map[string]struct {
		own, other   lockstep.Subscription
		trust        lockstep.Trust
		plan, counts string
		seats        int64
		ending       bool
		until        time.Time
	}{
		"the same plan, ending": {own("active"), other("basic", ending), lockstep.Claimed, "basic", "sub_own", 50,
			false, now.AddDate(0, 1, 0)},
		"the same plan, for longer": {own("active", ending), other("basic", until(later)), lockstep.Claimed, "basic",
			"sub_own", 50, false, later},
		"a better plan": {own("active"), other("pro"), lockstep.Claimed, "pro", "sub_own", 50, false,
			now.AddDate(0, 1, 0)},
		"more seats": {own("active"), other("basic", seats(90)), lockstep.Claimed, "basic", "sub_own",
			90, false, now.AddDate(0, 1, 0)},
		"after the own one ended": {own("canceled"), other("basic"), lockstep.Claimed, "basic", "sub_other", 1,
			false, now.AddDate(0, 1, 0)},
		"a further customer's is no gift": {own("active"), other("basic", ending), lockstep.Proven, "basic", "sub_other", 1,
			true, now.AddDate(0, 1, 0)},
	} {
		record := lockstep.Record{Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}, CustomerID: "cus_own",
			Subscriptions: []lockstep.Subscription{c.own, c.other},
			Further:       []lockstep.Link{{CustomerID: "cus_other", Trust: c.trust}}}
		a := shop.Access(record, now)
		if !a.Active || a.Plan != c.plan || a.SubscriptionID != c.counts || a.Seats != c.seats || a.Ending != c.ending ||
			a.Until == nil || !a.Until.Equal(c.until) {
			t.Errorf("%s: active=%v plan=%s, counts %s, seats=%d ending=%v until=%v", name, a.Active, a.Plan, a.SubscriptionID,
				a.Seats, a.Ending, a.Until)
		}
		if len(a.Reasons) != 2 || c.plan == "pro" && !slices.Contains(a.Features, "export") {
			t.Errorf("%s: features %v, reasons %+v", name, a.Features, a.Reasons)
		}
	}
}
