package reconcile

import (
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestNoticesFollowFromAChange: the notices of each change of a record.
func TestNoticesFollowFromAChange(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	account := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	sub := func(status string, change ...func(*lockstep.Subscription)) lockstep.Subscription {
		s := lockstep.Subscription{ID: "sub_1", Status: status, CreatedAt: at.Add(-time.Hour), InvoiceID: "in_1",
			Items: []lockstep.Item{{LookupKey: "pro", PeriodEnd: at.AddDate(0, 1, 0)}}}
		for _, c := range change {
			c(&s)
		}
		return s
	}
	old := func(s *lockstep.Subscription) { s.CreatedAt = at.AddDate(0, -2, 0) }
	trialTo := func(end time.Time) func(*lockstep.Subscription) {
		return func(s *lockstep.Subscription) { s.TrialEnd = end }
	}
	asked := func(s *lockstep.Subscription) { s.LatestInvoice.NeedsAction = true }
	other := lockstep.Subscription{ID: "sub_2", Status: "active", CreatedAt: at.AddDate(-1, 0, 0)}
	type subs []lockstep.Subscription
	for name, c := range map[string]struct {
		was, now subs
		want     []string
	}{
		"a new one": {nil, subs{sub("active")}, []string{"subscription.started:sub_1"}},
		"a new trial": {nil, subs{sub("trialing", trialTo(at.AddDate(0, 0, 14)))},
			[]string{"subscription.started:sub_1"}},
		"one that was there before us": {nil, subs{sub("active", old)}, nil},
		"no change":                    {subs{sub("active")}, subs{sub("active")}, nil},
		"a renewal that fails": {subs{sub("active", old)}, subs{sub("past_due", old)},
			[]string{"payment.failed:in_1"}},
		"a failure that was there before": {nil, subs{sub("past_due", old)}, nil},
		"a failure without an invoice": {subs{sub("active")},
			subs{sub("past_due", func(s *lockstep.Subscription) { s.InvoiceID = "" })},
			[]string{"payment.failed:sub_1:1798113600"}},
		"a first payment that is open": {nil, subs{sub("incomplete")}, nil},
		"a first payment to confirm": {nil, subs{sub("incomplete", asked)},
			[]string{"payment.action_required:in_1"}},
		"a renewal to confirm": {subs{sub("active", old)}, subs{sub("past_due", old, asked)},
			[]string{"payment.failed:in_1", "payment.action_required:in_1"}},
		"a retry to confirm": {subs{sub("past_due", old)}, subs{sub("past_due", old, asked)},
			[]string{"payment.action_required:in_1"}},
		"a confirmation from before us": {nil, subs{sub("past_due", old, asked)}, nil},
		"a trial that ends in three days": {subs{sub("trialing", old, trialTo(at.Add(trialNotice)))},
			subs{sub("trialing", old, trialTo(at.Add(trialNotice)))}, []string{"subscription.trial_ending:sub_1:1795780800"}},
		"a trial that ends later": {subs{sub("trialing", old, trialTo(at.Add(trialNotice+1)))},
			subs{sub("trialing", old, trialTo(at.Add(trialNotice+1)))}, nil},
		"a trial that was turned to active": {subs{sub("trialing", old)}, subs{sub("active", old, trialTo(at))},
			[]string{"subscription.started:sub_1"}},
		"the only one ends": {subs{sub("active")}, subs{sub("canceled")},
			[]string{"subscription.ended:sub_1", "access.ended:user:user_1:1795521600000"}},
		"one of two ends": {subs{sub("active"), other}, subs{sub("canceled"), other},
			[]string{"subscription.ended:sub_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var catalog lockstep.Catalog
			was := lockstep.Record{Account: account, Subscriptions: c.was}
			was.EntitledBy = entitledBy(catalog.Decide(c.was, nil, at))
			now := lockstep.Record{Account: account, Subscriptions: c.now}
			access := catalog.Decide(c.now, nil, at)
			now.EntitledBy = entitledBy(access)
			var got []string
			for _, n := range notices(was, now, access, at) {
				got = append(got, n.ID)
				now := c.now[0].LatestInvoice
				if n.Facts.ActionRequired != now.NeedsAction {
					t.Errorf("%s says that action is required: %v", n.ID, n.Facts.ActionRequired)
				}
				if n.Object != "sub_1" || n.Facts.Plan != "pro" {
					t.Errorf("%s is about %s and says %+v", n.ID, n.Object, n.Facts)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told %v, want %v", got, c.want)
			}
		})
	}
}

// TestPaymentsAreTold: a license when it is paid, its payment when that has failed.
func TestPaymentsAreTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	account := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	for name, c := range map[string]struct {
		session lockstep.Checkout
		want    string
	}{
		"paid":       {lockstep.Checkout{PaymentStatus: "paid"}, "license.granted:cs_1"},
		"free":       {lockstep.Checkout{PaymentStatus: "no_payment_required"}, "license.granted:cs_1"},
		"under way":  {lockstep.Checkout{PaymentStatus: "unpaid"}, ""},
		"failed":     {lockstep.Checkout{PaymentStatus: "unpaid", PaymentFailed: true}, "payment.failed:cs_1"},
		"paid later": {lockstep.Checkout{PaymentStatus: "paid", PaymentFailed: true}, "license.granted:cs_1"},
		"refunded":   {lockstep.Checkout{PaymentStatus: "paid", Refunded: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.session
			s.ID, s.Mode, s.Status, s.Amount, s.Currency = "cs_1", "payment", "complete", 4900, "eur"
			s.Items = []lockstep.Item{{LookupKey: "life"}}
			s.Metadata = map[string]string{"clerkOrgId": "org_1", "clerkUserId": "user_1"}
			license, _ := lockstep.LicenseOf(s, account)
			told := licenseNotices(license, s, lockstep.Catalog{}, at)
			if c.want == "" {
				if len(told) != 0 {
					t.Errorf("told %v", told)
				}
				return
			}
			if len(told) != 1 || told[0].ID != c.want {
				t.Fatalf("told %v, want %s", told, c.want)
			}
			if f := told[0].Facts; f.Plan != "life" || f.Amount != 4900 || f.Currency != "eur" || f.PaidBy != "user_1" {
				t.Errorf("it says %+v", f)
			}
		})
	}
}

// TestAccessEndedNamesWhatEnded: a plan of a higher rank that ended before is not
// what ended now.
func TestAccessEndedNamesWhatEnded(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	catalog := lockstep.Catalog{Plans: []lockstep.Plan{
		{Name: "basic", LookupKeys: []string{"basic"}, Rank: 1}, {Name: "life", LookupKeys: []string{"life"}, Rank: 3}}}
	refunded := []lockstep.License{{ID: "cs_1", Status: lockstep.LicenseRefunded,
		Items: []lockstep.Item{{LookupKey: "life"}}}}
	record := func(status string) (lockstep.Record, lockstep.Access) {
		r := lockstep.Record{Account: lockstep.Account{Kind: lockstep.User, ID: "user_1"}, Licenses: refunded,
			Subscriptions: []lockstep.Subscription{{ID: "sub_1", Status: status, CreatedAt: at,
				Items: []lockstep.Item{{LookupKey: "basic"}}}}}
		access := catalog.Decide(r.Subscriptions, r.Licenses, at)
		r.EntitledBy = entitledBy(access)
		return r, access
	}
	was, _ := record("active")
	now, access := record("canceled")
	if access.Reasons[0].ID != "cs_1" {
		t.Fatalf("what counts most now is %s; the test wants the license", access.Reasons[0].ID)
	}
	told := notices(was, now, access, at)
	last := told[len(told)-1]
	if last.Kind != lockstep.NoticeAccessEnded || last.Object != "sub_1" || last.Facts.Plan != "basic" {
		t.Errorf("%s is about %s and says %+v", last.Kind, last.Object, last.Facts)
	}
}

// TestNoticesOfPaymentsSayAmountAndPeriod: what the latest invoice bills, and where to read it.
func TestNoticesOfPaymentsSayAmountAndPeriod(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	end := at.AddDate(0, 1, 0)
	s := lockstep.Subscription{ID: "sub_1", Status: "active", CreatedAt: at, InvoiceID: "in_1",
		LatestInvoice: lockstep.Invoice{ID: "in_1", URL: "https://pay.test/in_1", Amount: 2000, Currency: "usd"},
		Items: []lockstep.Item{{LookupKey: "addon", PeriodStart: at.AddDate(0, -1, 0), PeriodEnd: at},
			{LookupKey: "pro", PeriodStart: at, PeriodEnd: end}}}
	access := lockstep.Catalog{}.Decide([]lockstep.Subscription{s}, nil, at)
	told := subscriptionNotices(lockstep.Account{Kind: lockstep.User, ID: "user_1"}, lockstep.Subscription{}, s, access, at)
	if len(told) != 1 {
		t.Fatalf("told %v", told)
	}
	f := told[0].Facts
	if f.Amount != 2000 || f.Currency != "usd" || f.InvoiceURL != "https://pay.test/in_1" || f.Invoice != "in_1" ||
		!f.PeriodStart.Equal(at) || !f.PeriodEnd.Equal(end) {
		t.Errorf("it says %+v", f)
	}
}

// TestAConfirmationFromBeforeTheFirstStartIsNotTold: the backfill stores the subscription before the
// account's first run, so that run sees no change. A payment that failed long before Lockstep saw the
// account gets no notice in that run or in a later one.
func TestAConfirmationFromBeforeTheFirstStartIsNotTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		seen, tried time.Time // the account, the payment
		want        []string
	}{
		"long before the first start":    {at, at.Add(-history - time.Hour), nil},
		"shortly before the first start": {at, at.Add(-time.Hour), []string{"payment.action_required:in_1"}},
		"after the first start": {at.AddDate(-1, 0, 0), at.Add(-history - time.Hour),
			[]string{"payment.action_required:in_1"}},
	} {
		sub := lockstep.Subscription{ID: "sub_1", Status: "past_due", CreatedAt: at.AddDate(-2, 0, 0), InvoiceID: "in_1",
			TriedAt: c.tried, LatestInvoice: lockstep.Invoice{NeedsAction: true}}
		r := lockstep.Record{Account: alice, CreatedAt: c.seen, Subscriptions: []lockstep.Subscription{sub}}
		var got []string
		for _, n := range notices(r, r, lockstep.Access{}, at) {
			got = append(got, n.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: told %v, want %v", name, got, c.want)
		}
	}
}
