package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// find returns what a filter finds, as account:match, page after page of the given size.
func (w *world) find(filter lockstep.AccountFilter) (all []string) {
	w.Helper()
	for {
		page, err := w.FindAccounts(w.Context(), filter)
		w.ok(err)
		for _, a := range page.Accounts {
			all = append(all, strings.TrimSuffix(a.Account.String()+":"+string(a.Matched), ":"))
		}
		if filter.After = page.Next; filter.After == "" {
			return all
		}
		if len(all) > 100 {
			w.Fatalf("%+v: the pages do not end: %v", filter, all)
		}
	}
}

// concern is a standing with a concern since n minutes after the beginning.
func concern(c lockstep.Concern, minutes int64) lockstep.Standing {
	return lockstep.Standing{Status: "active", Plan: "pro", Concern: c, Why: lockstep.TokenLacksAccess,
		Since: at(minutes * 60_000)}
}

// town stores some accounts.
func (w *world) town() {
	w.Helper()
	w.save(lockstep.Record{Account: alice, Email: "Alice@Example.com", Name: "Alice", CustomerID: "cus_1",
		Standing:      lockstep.Standing{Status: "active", Plan: "pro"},
		Subscriptions: []lockstep.Subscription{{ID: "sub_1", CustomerID: "cus_1", Status: "active", CreatedAt: at(1)}}})
	w.save(lockstep.Record{Account: bob, Email: "bob@example.com", Standing: concern(lockstep.PayerWithoutAccess, 2),
		Problems: []lockstep.Problem{{Step: lockstep.StepMetadata, Code: "full", Since: at(1)}}})
	w.save(lockstep.Record{Account: acme, Email: "billing@acme.example", Standing: concern(lockstep.PayerWithoutAccess, 1)})
	w.save(lockstep.Record{Account: lockstep.Account{Kind: lockstep.User, ID: "user_carol"}, State: lockstep.AccountDeleted,
		Standing: lockstep.Standing{Status: "none"}})
	w.save(lockstep.Record{Account: lockstep.Account{Kind: lockstep.User, ID: "bo"}})
	w.link(alice, "cus_2", lockstep.Claimed)
	w.mark(checkoutKey("cs_1"), lockstep.ScopeAll, lockstep.Normal)
	claim := w.among(checkoutKey("cs_1"))
	w.ok(w.SaveLicense(w.Context(), claim, lockstep.License{ID: "cs_1", Account: alice, PaymentID: "pi_1",
		Status: lockstep.LicenseActive, CreatedAt: at(1)}, nil))
	w.done(claim)
	w.drain()
}

var found = map[string]func(*world){
	"an account is found by what an operator has": func(w *world) {
		w.town()
		for text, want := range map[string]string{
			"user/user_alice":  "user/user_alice:account",
			"user/user_":       "user/user_alice:account user/user_bob:account user/user_carol:account",
			"organization/":    "organization/org_acme:account",
			"user/user_nobody": "",
			"user_b":           "user/user_bob:account",
			"org_acme":         "organization/org_acme:account",
			"bo":               "user/bo:account user/user_bob:email",
			"bob@example.com":  "user/user_bob:email",
			"ALICE@":           "user/user_alice:email",
			"alice@example.co": "user/user_alice:email",
			"@":                "",
			"cus_1":            "user/user_alice:customer",
			"cus_2":            "user/user_alice:further_customer",
			"cus_":             "",
			"sub_1":            "user/user_alice:subscription",
			"pi_1":             "user/user_alice:payment",
			"cs_1":             "user/user_alice:checkout",
			"cs_2":             "",
			"100%_":            "",
		} {
			for _, limit := range []int{1, 2, 50} {
				equal(w, fmt.Sprintf("%q, %d a page", text, limit),
					strings.Join(w.find(lockstep.AccountFilter{Text: text, Limit: limit}), " "), want)
			}
		}
	},
	"accounts are listed by filter": func(w *world) {
		w.town()
		const all = "organization/org_acme user/bo user/user_alice user/user_bob user/user_carol"
		for _, c := range []struct {
			filter lockstep.AccountFilter
			want   string
		}{
			{lockstep.AccountFilter{}, all},
			{lockstep.AccountFilter{Kind: lockstep.Organization}, "organization/org_acme"},
			{lockstep.AccountFilter{Kind: lockstep.User, State: lockstep.AccountDeleted}, "user/user_carol"},
			{lockstep.AccountFilter{Status: "active"}, "organization/org_acme user/user_alice user/user_bob"},
			{lockstep.AccountFilter{Status: "active", Kind: lockstep.User}, "user/user_alice user/user_bob"},
			{lockstep.AccountFilter{Status: "none"}, "user/user_carol"},
			{lockstep.AccountFilter{Plan: "pro", Status: "active", Kind: lockstep.User, Problems: true}, "user/user_bob"},
			{lockstep.AccountFilter{Plan: "pro"}, "organization/org_acme user/user_alice user/user_bob"},
			{lockstep.AccountFilter{Plan: "gold"}, ""},
			{lockstep.AccountFilter{Problems: true}, "user/user_bob"},
			{lockstep.AccountFilter{Concern: lockstep.PayerWithoutAccess}, "organization/org_acme user/user_bob"},
			{lockstep.AccountFilter{Concern: lockstep.PayerWithoutAccess, Kind: lockstep.User}, "user/user_bob"},
			{lockstep.AccountFilter{Concern: lockstep.AccessWithoutPayment}, ""},
			{lockstep.AccountFilter{Text: "bob", Concern: lockstep.PayerWithoutAccess}, "user/user_bob:email"},
			{lockstep.AccountFilter{Text: "cus_1", Status: "none"}, ""},
		} {
			for _, limit := range []int{1, 3, 200} {
				c.filter.Limit = limit
				equal(w, fmt.Sprintf("%+v", c.filter), strings.Join(w.find(c.filter), " "), c.want)
			}
		}
	},
	"an account in a list has its standing, and leaves it with its concern": func(w *world) {
		w.town()
		page, err := w.FindAccounts(w.Context(), lockstep.AccountFilter{Text: "user/user_bob"})
		w.ok(err)
		equal(w, "found", len(page.Accounts), 1)
		a := page.Accounts[0]
		equal(w, "the standing", a.Standing, concern(lockstep.PayerWithoutAccess, 2))
		equal(w, "the record's", w.account(bob).Standing, a.Standing)
		if !a.Problems || a.Email != "bob@example.com" || a.State != lockstep.AccountActive || a.UpdatedAt.IsZero() {
			w.Errorf("%+v", a)
		}
		w.save(lockstep.Record{Account: bob, Standing: lockstep.Standing{Status: "none"}})
		equal(w, "afterwards", w.find(lockstep.AccountFilter{Concern: lockstep.PayerWithoutAccess}),
			[]string{"organization/org_acme"})
	},
	"a search refuses what is no account and no cursor": func(w *world) {
		for _, f := range []lockstep.AccountFilter{{Text: "team/1"}, {Text: "a\x00"}, {Text: "a\xff"},
			{After: "x"}, {After: "eyJwIjo5fQ"}, {After: "eyJwIjotMX0"}} {
			if _, err := w.FindAccounts(w.Context(), f); !errors.Is(err, lockstep.ErrInvalid) {
				w.Errorf("%+v: %v", f, err)
			}
		}
	},
	"what needs a person is counted": func(w *world) {
		w.town()
		w.parkForGood("evt_2", customerKey("cus_9"))
		w.parkForGood("evt_3", checkoutKey("cs_9"))
		claim := w.hold(bob.Key())
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		all, err := w.Attention(w.Context(), []string{w.event("evt_2").Type})
		w.ok(err)
		payers := all.Concerns[lockstep.PayerWithoutAccess]
		equal(w, "payers", payers.Tally, lockstep.Tally{Count: 2, Oldest: at(60_000)})
		equal(w, "by reason", payers.Reasons, map[lockstep.ConcernReason]int64{lockstep.TokenLacksAccess: 2})
		equal(w, "the first", []lockstep.Account{payers.First[0].Account, payers.First[1].Account}, []lockstep.Account{acme, bob})
		equal(w, "without payment", all.Concerns[lockstep.AccessWithoutPayment], lockstep.ConcernTally{})
		equal(w, "unclassified", all.Unclassified, lockstep.Tally{Count: 1})
		equal(w, "problems", all.Problems, lockstep.Tally{Count: 1})
		equal(w, "failed", all.Failed, lockstep.Tally{Count: 1})
		equal(w, "parked", all.Parked.Count, 2)
		if since := time.Since(all.Parked.Oldest); since < 0 && since > -time.Hour {
			w.Errorf("parked since %s", all.Parked.Oldest)
		}
		var paid []string
		for _, e := range all.Paid {
			paid = append(paid, e.ID+" "+string(e.Body))
		}
		equal(w, "paid", paid, []string{"evt_3 " + string(w.event("evt_3").Body), "evt_2 " + string(w.event("evt_2").Body)})
		all, err = w.Attention(w.Context(), []string{"another"})
		w.ok(err)
		equal(w, "paid by another type", all.Paid, nil)
	},
}
