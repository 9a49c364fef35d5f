package lockstep_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// passes sells a week, a month, and a permanent license.
var passes = lockstep.Catalog{Plans: []lockstep.Plan{
	{Name: "week", LookupKeys: []string{"week"}, Rank: 2, Features: []string{"export"}, Duration: 7 * 24 * time.Hour},
	{Name: "month", LookupKeys: []string{"month"}, Rank: 1, Features: []string{"notes"}, Duration: 30 * 24 * time.Hour},
	{Name: "life", LookupKeys: []string{"life"}, Features: []string{"read"}},
}}

// paidFor is a license that was bought at the start of 2026-03-01, and paid an hour later.
func paidFor(keys ...string) lockstep.License {
	l := lockstep.License{ID: "cs_1", Status: lockstep.LicenseActive, Amount: 1000, CreatedAt: now,
		PaidAt: now.Add(time.Hour)}
	for _, key := range keys {
		l.Items = append(l.Items, lockstep.Item{ID: "li_" + key, LookupKey: key, Quantity: 1})
	}
	return l
}

func TestALicenseExpires(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	paid := now.Add(time.Hour)
	week, month := paid.Add(7*day), paid.Add(30*day)
	undated := paidFor("week")
	undated.PaidAt = time.Time{}
	tests := map[string]struct {
		license  lockstep.License
		at       time.Time
		plan     string // empty: no access
		features []string
		until    time.Time
		recheck  time.Time
		why      string
	}{
		"on its first day": {paidFor("week"), paid, "week", []string{"export"}, week, week, "bought"},
		"just before its end": {paidFor("week"), week.Add(-time.Second), "week", []string{"export"}, week, week,
			"bought"},
		"at its end": {paidFor("week"), week, "", nil, time.Time{}, time.Time{}, "expired"},
		"a permanent one": {paidFor("life"), paid.AddDate(20, 0, 0), "life", []string{"read"}, time.Time{},
			time.Time{}, "bought"},
		"the first of two ends": {paidFor("week", "month"), paid, "week", []string{"export", "notes"}, week, week,
			"bought"},
		"the other of two goes on": {paidFor("week", "month"), week, "month", []string{"notes"}, month, month, "bought"},
		"the permanent plan stays": {paidFor("week", "life"), week, "life", []string{"read"}, time.Time{}, time.Time{},
			"bought"},
		"a lower one ends before it": {paidFor("life", "month"), paid, "month", []string{"notes", "read"}, month, month,
			"bought"},
		"without the payment's time": {undated, week.Add(-time.Hour), "", nil, time.Time{}, time.Time{}, "expired"},
		"without it, until then": {undated, week.Add(-time.Hour - 1), "week", []string{"export"}, week.Add(-time.Hour),
			week.Add(-time.Hour), "bought"},
		"the reason names what ended": {paidFor("week", "month"), month, "", nil, time.Time{}, time.Time{}, "expired"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := passes.Decide(nil, []lockstep.License{tt.license}, tt.at)
			var until time.Time
			if a.Until != nil {
				until = *a.Until
			}
			if a.Active != (tt.plan != "") || a.Plan != tt.plan || !until.Equal(tt.until) || !a.Recheck.Equal(tt.recheck) {
				t.Errorf("active=%v plan=%q until=%s, again at %s", a.Active, a.Plan, until, a.Recheck)
			}
			if diff := cmp.Diff(tt.features, a.Features); diff != "" {
				t.Error(diff)
			}
			if r := a.Reasons[0]; r.Why != tt.why || r.Grants != a.Active || r.Plan == "" {
				t.Errorf("the reason is %+v", r)
			}
		})
	}
}

func TestTheFirstLookAgainCounts(t *testing.T) {
	t.Parallel()
	month, week := paidFor("month"), paidFor("week")
	month.ID = "cs_2"
	want := now.Add(time.Hour + 7*24*time.Hour)
	for _, licenses := range [][]lockstep.License{{month, week}, {week, month}} {
		if a := passes.Decide(nil, licenses, now); !a.Recheck.Equal(want) {
			t.Errorf("to be decided again at %s", a.Recheck)
		}
	}
}

func TestWhatALicenseIs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*lockstep.Checkout)
		status lockstep.LicenseStatus // empty: none
		keep   bool                   // grants, if partly refunded licenses are kept
		revoke bool                   // grants, if they are revoked
	}{
		"paid": {func(*lockstep.Checkout) {}, lockstep.LicenseActive, true, true},
		"free": {func(c *lockstep.Checkout) { c.PaymentStatus = "no_payment_required" },
			lockstep.LicenseActive, true, true},
		"refunded in full": {func(c *lockstep.Checkout) { c.Refunded, c.RefundedAmount = true, 1000 },
			lockstep.LicenseRefunded, false, false},
		"a part refunded": {func(c *lockstep.Checkout) { c.RefundedAmount = 1 }, lockstep.LicenseActive, true,
			false},
		"the refund failed": {func(c *lockstep.Checkout) { c.Refunded, c.RefundedAmount = false, 0 },
			lockstep.LicenseActive, true, true},
		"disputed": {func(c *lockstep.Checkout) { c.Disputed = true }, lockstep.LicenseDisputed, false,
			false},
		"disputed, a part refunded": {func(c *lockstep.Checkout) { c.Disputed, c.RefundedAmount = true, 1 },
			lockstep.LicenseDisputed, false, false},
		"under way": {func(c *lockstep.Checkout) { c.PaymentStatus = "unpaid" }, lockstep.LicensePending,
			false, false},
		"failed": {func(c *lockstep.Checkout) { c.PaymentStatus, c.PaymentFailed = "unpaid", true },
			lockstep.LicenseFailed, false, false},
		"paid after a failure": {func(c *lockstep.Checkout) { c.PaymentFailed = true }, lockstep.LicenseActive, true,
			true},
		"not completed":    {func(c *lockstep.Checkout) { c.Status = "expired" }, "", false, false},
		"a subscription's": {func(c *lockstep.Checkout) { c.Mode = "subscription" }, "", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := lockstep.Checkout{ID: "cs_1", Mode: "payment", Status: "complete", PaymentStatus: "paid", Amount: 1000,
				CreatedAt: now, PaidAt: now, Items: []lockstep.Item{{LookupKey: "basic", Quantity: 1}}}
			tt.change(&c)
			l, makes := lockstep.LicenseOf(c, lockstep.Account{Kind: lockstep.User, ID: "user_1"})
			if makes != (tt.status != "") || l.Status != tt.status {
				t.Fatalf("%v, status %q", makes, l.Status)
			}
			if !makes {
				return
			}
			for policy, want := range map[lockstep.PartialRefund]bool{"": tt.keep, lockstep.KeepLicense: tt.keep,
				lockstep.RevokeLicense: tt.revoke} {
				catalog := shop
				catalog.PartialRefund = policy
				a := catalog.Decide(nil, []lockstep.License{l}, now)
				if a.Active != want || a.Reasons[0].Grants != want || a.Reasons[0].Why == "" {
					t.Errorf("policy %q: %+v", policy, a)
				}
			}
		})
	}
}

func TestAnUnknownLicenseGrantsNothing(t *testing.T) {
	t.Parallel()
	a := shop.Decide(nil, []lockstep.License{license("cs_1", "gifted", "basic")}, now)
	if a.Active || a.Reasons[0].Why == "" {
		t.Errorf("%+v", a)
	}
}

func TestPoliciesOfLicensesAreChecked(t *testing.T) {
	t.Parallel()
	bad := lockstep.Catalog{PartialRefund: "some", Plans: []lockstep.Plan{{Name: "pass", Duration: -time.Hour}}}
	err := bad.Validate()
	for _, part := range []string{`"some" is not a policy; use keep or revoke`, `plan "pass": duration is negative`} {
		if err == nil || !contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
}

// TestTimeChangesNothingAboutALicenseThatGrantsNothing: it is what was bought, whatever has expired since.
func TestTimeChangesNothingAboutALicenseThatGrantsNothing(t *testing.T) {
	t.Parallel()
	revoking := passes
	revoking.PartialRefund = lockstep.RevokeLicense
	for _, status := range []lockstep.LicenseStatus{lockstep.LicensePending, lockstep.LicenseFailed,
		lockstep.LicenseRefunded, lockstep.LicenseDisputed, "new", lockstep.LicenseActive} {
		l := paidFor("week", "month")
		l.Status, l.RefundedAmount = status, 1
		first := revoking.Decide(nil, []lockstep.License{l}, now)
		for days := range 40 {
			a := revoking.Decide(nil, []lockstep.License{l}, now.AddDate(0, 0, days))
			if diff := cmp.Diff(first, a); diff != "" || a.Active || !a.Recheck.IsZero() || a.Reasons[0].Plan != "week" {
				t.Errorf("%s, after %d days: %+v\n%s", status, days, a, diff)
			}
		}
	}
}
