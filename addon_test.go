package lockstep_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// TestFurtherItemsAreAddOns: every item of a granting subscription adds features and limits; the leading
// item gives plan and seats.
func TestFurtherItemsAreAddOns(t *testing.T) {
	t.Parallel()
	catalog := shop
	catalog.Plans = append([]lockstep.Plan{
		{Name: "storage", LookupKeys: []string{"storage"}, Features: []string{"backup"},
			Limits: map[string]int64{"files": 1000}},
		{Name: "calls", LookupKeys: []string{"calls"}, Features: []string{"api"}},
	}, shop.Plans...)
	with := func(status, id string, quantities map[string]int64) lockstep.Subscription {
		s := sub(id, status, "")
		s.Items = nil
		for _, key := range []string{"storage", "basic", "calls"} {
			if quantity, has := quantities[key]; has {
				s.Items = append(s.Items, lockstep.Item{ID: "si_" + key, LookupKey: key, Quantity: quantity})
			}
		}
		return s
	}
	for name, c := range map[string]struct {
		subs     []lockstep.Subscription
		plan     string
		seats    int64
		features []string
		files    int64
	}{
		"an add-on": {[]lockstep.Subscription{with("active", "sub_1",
			map[string]int64{"basic": 3, "storage": 1})}, "basic", 3, []string{"backup", "notes"}, 1000},
		"billed by use": {[]lockstep.Subscription{with("active", "sub_1", map[string]int64{"basic": 3, "calls": 0})},
			"basic", 3, []string{"api", "notes"}, 9},
		"removed again": {[]lockstep.Subscription{with("active", "sub_1", map[string]int64{"basic": 3})}, "basic", 3,
			[]string{"notes"}, 9},
		"alone": {[]lockstep.Subscription{with("active", "sub_1", map[string]int64{"storage": 2})},
			"storage", 2, []string{"backup"}, 1000},
		"in a second": {[]lockstep.Subscription{with("active", "sub_2", map[string]int64{"storage": 1}),
			with("active", "sub_1", map[string]int64{"basic": 3})}, "basic", 3, []string{"backup", "notes"}, 1000},
		"of a second that ends": {[]lockstep.Subscription{with("canceled", "sub_2", map[string]int64{"storage": 1}),
			with("active", "sub_1", map[string]int64{"basic": 3})}, "basic", 3, []string{"notes"}, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := catalog.Decide(c.subs, nil, now)
			if got.Plan != c.plan || got.Seats != c.seats || got.Limits["files"] != c.files {
				t.Errorf("plan %q, %d seats, %d files", got.Plan, got.Seats, got.Limits["files"])
			}
			if diff := cmp.Diff(c.features, got.Features); diff != "" {
				t.Error(diff)
			}
		})
	}
}
