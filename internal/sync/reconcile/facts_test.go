package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// A version differs whenever something differs that access depends on.
func TestAVersionDependsOnWhatAccessDependsOn(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	base := func() lockstep.Subscription {
		return lockstep.Subscription{ID: "sub_1", Status: "active",
			Items: []lockstep.Item{{ID: "si_1", PriceID: "price_1", Quantity: 1, PeriodStart: at, PeriodEnd: at.Add(time.Hour)}}}
	}
	seen := map[string]string{versionOf(base()): "nothing"}
	if version := versionOf(base()); seen[version] == "" || !strings.HasPrefix(version, "active 2027-01-15T09:00:00Z ") {
		t.Errorf("two versions of one state: %q, %v", version, seen)
	}
	for name, change := range map[string]func(*lockstep.Subscription){
		"status":   func(s *lockstep.Subscription) { s.Status = "past_due" },
		"price":    func(s *lockstep.Subscription) { s.Items[0].PriceID = "price_2" },
		"quantity": func(s *lockstep.Subscription) { s.Items[0].Quantity = 2 },
		"period":   func(s *lockstep.Subscription) { s.Items[0].PeriodEnd = at.Add(2 * time.Hour) },
		"plan":     func(s *lockstep.Subscription) { s.PlanNamed = "pro" },
		"cancel":   func(s *lockstep.Subscription) { s.CancelAtPeriodEnd = true },
		"end":      func(s *lockstep.Subscription) { s.CancelAt = at },
		"unpaid":   func(s *lockstep.Subscription) { s.UnpaidSince = at },
		"trial":    func(s *lockstep.Subscription) { s.TrialEnd = at },
	} {
		s := base()
		change(&s)
		if other := seen[versionOf(s)]; other != "" {
			t.Errorf("a change of %s looks like a change of %s", name, other)
		}
		seen[versionOf(s)] = name
	}
}

// What a run observed has no personal data, and has a limit.
func TestObservationsHaveNoPersonalDataAndALimit(t *testing.T) {
	t.Parallel()
	d := &draft{}
	r := lockstep.Record{Account: lockstep.Account{Kind: lockstep.User, ID: "user_1"}, Email: "ada@example.com",
		Name: "Ada Lovelace", CustomerID: "cus_1", CustomerEmail: "ada@example.com", CustomerName: "Ada Lovelace"}
	for i := range 30 {
		r.Licenses = append(r.Licenses, lockstep.License{ID: fmt.Sprint("cs_", i), Status: lockstep.LicenseActive})
	}
	d.observe(r)
	if len(d.facts.Observed) != 20 || d.facts.Unlisted != 12 {
		t.Errorf("%d are listed, %d are not", len(d.facts.Observed), d.facts.Unlisted)
	}
	if text := fmt.Sprint(d.facts); strings.Contains(text, "ada") || strings.Contains(text, "Ada") {
		t.Error(text)
	}
}

// A record shows the access before and after only if the run changed it.
func TestARecordShowsTheAccessBeforeAndAfter(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	d := &draft{}
	d.now.Subscriptions = []lockstep.Subscription{{ID: "sub_1", Status: "active",
		Items: []lockstep.Item{{ID: "si_1", PriceID: "price_1", LookupKey: "pro", PeriodEnd: at.Add(time.Hour)}}}}
	d.facts.Write(database, "account", 1)
	d.decide(lockstep.Catalog{}, at)
	if b, a := d.facts.Before, d.facts.After; b == nil || b.Active || a == nil || !a.Active || len(a.Plans) != 1 {
		t.Errorf("bought: before %+v, after %+v", b, a)
	}
	same := &draft{found: d.now, now: d.now}
	same.facts.Write(database, "account", 1)
	same.decide(lockstep.Catalog{}, at)
	if same.facts.Before != nil || same.facts.After == nil || !same.facts.After.Active {
		t.Errorf("the same: before %+v, after %+v", same.facts.Before, same.facts.After)
	}
}
