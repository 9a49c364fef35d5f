package storetest

import (
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func at(ms int64) time.Time { return time.UnixMilli(1_700_000_000_000 + ms).UTC() }

// fullRecord has a value in every field that Save writes.
func fullRecord() lockstep.Record {
	return lockstep.Record{
		Account: acme, State: lockstep.AccountActive, Email: "it@acme.example", Name: "Acme",
		IdentityUpdatedAt: 1_700_000_000_001,
		EmailVerified:     true, Departed: []string{"user_1", "user_2"}, Problems: []lockstep.Problem{
			{Step: lockstep.StepMetadata, Code: "form_param_exceeds_allowed_size", Reason: "full", Digest: "abc", Since: at(1)},
			{Step: lockstep.StepSeats, Code: "card_declined", Reason: "no", Since: at(2)}},
		PacedUntil: time.UnixMilli(1_800_000_000_123).UTC(), Members: 7, MemberLimit: 9, Entitlements: []string{"a", "b"},
		CustomerID: "cus_1", CustomerEmail: "old@acme.example", CustomerName: "Acme Old", CustomerGeneration: 3,
		Intent: &lockstep.Intent{Key: "key_1", Email: "e", Name: "n", At: at(7)},
		Subscriptions: []lockstep.Subscription{
			{ID: "sub_1", CustomerID: "cus_1", Status: "active", CancelAtPeriodEnd: true, CancelAt: at(1), CanceledAt: at(2),
				EndedAt:  at(3),
				TrialEnd: at(4), CreatedAt: at(5), PaidBy: alice.ID, UnpaidSince: at(10), TriedAt: at(11), PlanNamed: "team",
				Items: []lockstep.Item{
					{ID: "si_1", PriceID: "price_1", LookupKey: "pro", ProductID: "prod_1", ProductPlan: "Pro", Quantity: 7,
						PeriodStart: at(8), PeriodEnd: at(9),
						Keys: []string{"pro", `old "pro"`}, BoughtAs: "pro", SiblingKeys: []string{"basic"}},
					{ID: "si_2", PriceID: "price_2", ProductID: "prod_2", Quantity: 1},
				}},
			{ID: "sub_0", CustomerID: "cus_1", Status: "canceled", CreatedAt: at(6)},
		},
	}
}

// withoutTimes returns r without the times of the store's clock.
func withoutTimes(r lockstep.Record) lockstep.Record {
	r.CreatedAt, r.UpdatedAt = time.Time{}, time.Time{}
	return r
}

var accounts = map[string]func(*world){
	"a record is stored as it was saved": func(w *world) {
		want := fullRecord()
		w.save(want)
		got := w.account(acme)
		if !near(got.CreatedAt, 0) || !near(got.UpdatedAt, 0) {
			w.Errorf("created %s, updated %s", got.CreatedAt, got.UpdatedAt)
		}
		equal(w, "record", withoutTimes(got), want)
	},
	"a record is replaced, except subscriptions that it does not list": func(w *world) {
		w.save(fullRecord())
		before := w.account(acme)
		want := lockstep.Record{Account: acme, State: lockstep.AccountDeleted, CustomerID: "cus_1", CustomerDeleted: true,
			Subscriptions: []lockstep.Subscription{{ID: "sub_1", CustomerID: "cus_1", Status: "past_due", CreatedAt: at(5),
				Items: []lockstep.Item{{ID: "si_2", PriceID: "price_3"}}}}}
		w.save(want)
		got := w.account(acme)
		want.Subscriptions = append(want.Subscriptions, fullRecord().Subscriptions[1])
		equal(w, "record", withoutTimes(got), want)
		equal(w, "created", got.CreatedAt, before.CreatedAt)
	},
	"a missing account is not found": func(w *world) {
		if _, err := w.Account(w.Context(), alice); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("account: %v", err)
		}
		if _, err := w.AccountOfCustomer(w.Context(), "cus_1"); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("account of customer: %v", err)
		}
	},
	"an account is active by default": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		equal(w, "state", w.account(alice).State, lockstep.AccountActive)
	},
	"save writes neither licenses nor sponsorships nor projections": func(w *world) {
		w.save(lockstep.Record{Account: alice, Licenses: []lockstep.License{{ID: "cs_1", Account: alice}},
			PaysFor:   []lockstep.Sponsorship{{Account: acme, Subscription: lockstep.Subscription{ID: "sub_1"}}},
			Projected: map[string]any{"plan": "pro"}})
		equal(w, "record", withoutTimes(w.account(alice)), lockstep.Record{Account: alice, State: lockstep.AccountActive})
	},
	"save keeps the projection": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		claim := w.hold(alice.Key())
		projected := map[string]any{"plan": "pro", "gone": nil,
			"billing": map[string]any{"seats": 3.0, "features": []any{"a"}}}
		w.ok(w.SaveProjected(w.Context(), claim, alice, projected))
		w.done(claim)
		w.save(lockstep.Record{Account: alice, Name: "Alice"})
		equal(w, "projected", w.account(alice).Projected, projected)
	},
	"a projection of a missing account is not found": func(w *world) {
		claim := w.hold(alice.Key())
		if err := w.SaveProjected(w.Context(), claim, alice, nil); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("got %v", err)
		}
	},
	"a notice that is stored is not marked again": func(w *world) {
		notice := lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_1", at(1))
		for again := range 2 {
			claim := w.hold(alice.Key())
			w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice},
				Notices: []lockstep.Notice{notice, notice}}))
			w.ok(w.SaveNotices(w.Context(), claim, alice, []lockstep.Notice{notice}))
			w.done(claim)
			if again == 0 {
				w.done(w.hold(notice.Key()))
			}
		}
		work, err := w.Work(w.Context(), notice.Key())
		w.ok(err)
		equal(w, "pending", work.Pending(), false)
	},
	"save stores notices once and marks": func(w *world) {
		notice := lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_1", at(1))
		later := lockstep.NewNotice(lockstep.NoticeSubscriptionEnded, alice, "sub_1", at(2))
		again := notice
		again.CreatedAt = at(9)
		for _, notices := range [][]lockstep.Notice{{notice}, {later, again}} {
			w.mark(alice.Key(), lockstep.ScopeAll, lockstep.Normal)
			claim := w.among(alice.Key())
			w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice}, Notices: notices,
				Marks: []lockstep.Mark{{Key: bob.Key(), Scope: lockstep.ScopeIdentity, Priority: lockstep.Normal}}}))
			w.done(claim)
			w.done(w.among(bob.Key()))
		}
		notice.Generation, later.Generation = 1, 2
		got, err := w.Notices(w.Context(), alice)
		w.ok(err)
		equal(w, "notices", got, []lockstep.Notice{notice, later})
		got, err = w.Notices(w.Context(), bob)
		w.ok(err)
		equal(w, "notices of another", got, nil)
	},
	"a user pays for organizations": func(w *world) {
		sub := func(id, status string, ms int64) lockstep.Subscription {
			return lockstep.Subscription{ID: id, CustomerID: "cus_1", Status: status, PaidBy: alice.ID, CreatedAt: at(ms),
				Items: []lockstep.Item{{ID: "si_" + id, PriceID: "price_1", Quantity: 1}}}
		}
		ended, old, recent, others := sub("sub_1", "canceled", 9), sub("sub_2", "active", 1), sub("sub_3", "past_due", 2),
			sub("sub_4", "active", 3)
		others.PaidBy = bob.ID
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{ended, old, recent,
			others}})
		own := sub("sub_5", "active", 10)
		own.CustomerID = "cus_2"
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2", Subscriptions: []lockstep.Subscription{own}})
		var want []lockstep.Sponsorship
		for _, s := range []lockstep.Subscription{recent, old, ended} {
			want = append(want, lockstep.Sponsorship{Account: acme, CustomerID: "cus_1", Subscription: s})
		}
		equal(w, "pays for", w.account(alice).PaysFor, want)
		equal(w, "the organization pays for", w.account(acme).PaysFor, nil)
		w.save(lockstep.Record{Account: acme, State: lockstep.AccountDeleted, CustomerID: "cus_1"})
		equal(w, "pays for an organization that is deleted", w.account(alice).PaysFor, nil)
	},
	"accounts are listed in order": func(w *world) {
		for _, a := range []lockstep.Account{bob, acme, alice} {
			w.save(lockstep.Record{Account: a})
		}
		want := []lockstep.Account{acme, alice, bob}
		all, err := w.AccountsAfter(w.Context(), lockstep.Account{}, 10)
		w.ok(err)
		equal(w, "all", all, want)
		var paged []lockstep.Account
		for after := (lockstep.Account{}); ; after = paged[len(paged)-1] {
			page, err := w.AccountsAfter(w.Context(), after, 1)
			w.ok(err)
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
		}
		equal(w, "paged", paged, want)
	},
	"the database answers": func(w *world) {
		w.ok(w.Ping(w.Context()))
		w.ok(w.Ping(w.Context()))
	},
}
