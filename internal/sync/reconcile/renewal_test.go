package reconcile

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestARenewalIsAnnouncedAWeekBefore(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ends := func(in, period time.Duration) lockstep.Item {
		return lockstep.Item{LookupKey: "pro", PeriodStart: at.Add(in - period), PeriodEnd: at.Add(in)}
	}
	const day, month = 24 * time.Hour, 30 * 24 * time.Hour
	week := renewalNotice
	for name, c := range map[string]struct {
		sub  lockstep.Subscription
		want string
		look time.Duration // from at on; zero: never
	}{
		"a week before":   {sub: lockstep.Subscription{Status: "active", Items: []lockstep.Item{ends(week, month)}}, want: "subscription.renewal_upcoming:sub_1:1796126400"},
		"an hour before":  {sub: lockstep.Subscription{Status: "active", Items: []lockstep.Item{ends(time.Hour, month)}}, want: "subscription.renewal_upcoming:sub_1:1795525200", look: time.Hour - week},
		"earlier":         {sub: lockstep.Subscription{Status: "active", Items: []lockstep.Item{ends(week+1, month)}}, look: 1},
		"after its end":   {sub: lockstep.Subscription{Status: "active", Items: []lockstep.Item{ends(-time.Hour, month)}}},
		"a weekly period": {sub: lockstep.Subscription{Status: "active", Items: []lockstep.Item{ends(day, week)}}},
		"one that ends":   {sub: lockstep.Subscription{Status: "active", CancelAtPeriodEnd: true, Items: []lockstep.Item{ends(day, month)}}},
		"a trial":         {sub: lockstep.Subscription{Status: "trialing", Items: []lockstep.Item{ends(day, month)}}},
		"an unpaid one":   {sub: lockstep.Subscription{Status: "past_due", Items: []lockstep.Item{ends(day, month)}}},
		"the first of two items": {sub: lockstep.Subscription{Status: "active", Items: []lockstep.Item{ends(10*month, 12*month),
			ends(week, month)}}, want: "subscription.renewal_upcoming:sub_1:1796126400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.sub.ID = "sub_1"
			subs := []lockstep.Subscription{c.sub}
			got := ""
			for _, n := range renewals(lockstep.Record{Account: alice, Subscriptions: subs}, lockstep.Catalog{}.Decide(subs, nil, at), at) {
				got += n.ID
				if n.Object != "sub_1" || n.Facts.Plan != "pro" || n.Facts.Until == nil || !n.Facts.Until.After(at) {
					t.Errorf("it says %+v", n)
				}
			}
			if got != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
			look := renewalLook(c.sub, at)
			if want := at.Add(c.look); c.want == "" && (c.look == 0) != look.IsZero() || c.look != 0 && !look.Equal(want) {
				t.Errorf("looks at %s", look)
			}
		})
	}
}
