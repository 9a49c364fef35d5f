package storetest

import (
	"errors"

	"github.com/lockstep-dev/lockstep"
)

func license(id, payment string) lockstep.License {
	return lockstep.License{ID: id, Account: alice, PaymentID: payment, Amount: 4900, Currency: "eur",
		Status: lockstep.LicenseActive, RefundedAmount: 100, PlanNamed: "team", PaidAt: at(2), CreatedAt: at(1),
		Items: []lockstep.Item{
			{ID: "li_1", PriceID: "price_1", LookupKey: "lifetime", ProductID: "prod_1", ProductPlan: "Pro", Quantity: 1,
				Keys: []string{"lifetime", "life"}, BoughtAs: "lifetime", SiblingKeys: []string{"pro"}},
			{ID: "li_2", PriceID: "price_2", ProductID: "prod_2", Quantity: 2},
		}}
}

var licenses = map[string]func(*world){
	"a license is stored and marks its account": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		claim := w.hold(checkoutKey("cs_1"))
		l := license("cs_1", "pi_1")
		notice := lockstep.NewNotice(lockstep.NoticeLicenseGranted, alice, "cs_1", at(2))
		w.ok(w.SaveLicense(w.Context(), claim, l, []lockstep.Notice{notice}))
		equal(w, "licenses", w.account(alice).Licenses, []lockstep.License{l})
		got, err := w.LicenseOfPayment(w.Context(), "pi_1")
		w.ok(err)
		equal(w, "license of payment", got, l)
		owner, err := w.AccountOfLicense(w.Context(), "cs_1")
		w.ok(err)
		equal(w, "account of license", owner, alice)
		_, err = w.AccountOfLicense(w.Context(), "cs_2")
		w.is(err, lockstep.ErrNotFound)
		notices, err := w.Notices(w.Context(), alice)
		w.ok(err)
		notice.Generation = w.work(alice.Key()).Generation
		equal(w, "notices", notices, []lockstep.Notice{notice})
		run := w.among(alice.Key())
		equal(w, "scope", run.Scope, lockstep.Scope(0))
		equal(w, "priority", w.work(alice.Key()).Priority, lockstep.Interactive)
	},
	"a license is updated, and noticed once": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		claim := w.hold(checkoutKey("cs_1"))
		l := license("cs_1", "pi_1")
		notice := lockstep.NewNotice(lockstep.NoticeLicenseGranted, alice, "cs_1", at(2))
		w.ok(w.SaveLicense(w.Context(), claim, l, []lockstep.Notice{notice}))
		l.RefundedAmount, l.PaidAt = 4900, at(4)
		l.Status, l.Amount, l.Items = lockstep.LicenseRefunded, 1, []lockstep.Item{{ID: "li_2", PriceID: "price_9"}}
		notice.CreatedAt = at(3)
		w.ok(w.SaveLicense(w.Context(), claim, l, []lockstep.Notice{notice}))
		equal(w, "licenses", w.account(alice).Licenses, []lockstep.License{l})
		notices, err := w.Notices(w.Context(), alice)
		w.ok(err)
		equal(w, "told", notices[0].CreatedAt, at(2))
		equal(w, "number of notices", len(notices), 1)
	},
	"licenses are listed by age": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		claim := w.hold(checkoutKey("cs_1"))
		older, newer := license("cs_z", "pi_1"), license("cs_a", "")
		newer.CreatedAt = at(100)
		w.ok(w.SaveLicense(w.Context(), claim, newer, nil))
		w.ok(w.SaveLicense(w.Context(), claim, older, nil))
		equal(w, "licenses", w.account(alice).Licenses, []lockstep.License{older, newer})
	},
	"a license never changes its account": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.save(lockstep.Record{Account: bob})
		claim := w.hold(checkoutKey("cs_1"))
		l := license("cs_1", "pi_1")
		w.ok(w.SaveLicense(w.Context(), claim, l, nil))
		w.done(w.claim(alice.Key()))
		l.Account, l.Items = bob, nil
		notice := lockstep.NewNotice(lockstep.NoticeLicenseGranted, bob, "cs_1", at(2))
		if err := w.SaveLicense(w.Context(), claim, l, []lockstep.Notice{notice}); !errors.Is(err, lockstep.ErrLinked) {
			w.Errorf("got %v", err)
		}
		equal(w, "licenses", w.account(alice).Licenses, []lockstep.License{license("cs_1", "pi_1")})
		equal(w, "licenses of another", w.account(bob).Licenses, nil)
		notices, err := w.Notices(w.Context(), bob)
		w.ok(err)
		equal(w, "notices", notices, nil)
		w.idle()
	},
	"a license of an unknown account is not found": func(w *world) {
		err := w.SaveLicense(w.Context(), w.hold(checkoutKey("cs_1")), license("cs_1", "pi_1"), nil)
		if !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("got %v", err)
		}
		w.idle()
	},
	"a payment without a license is not found": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.ok(w.SaveLicense(w.Context(), w.hold(checkoutKey("cs_1")), license("cs_1", ""), nil))
		for _, id := range []string{"pi_1", ""} {
			if _, err := w.LicenseOfPayment(w.Context(), id); !errors.Is(err, lockstep.ErrNotFound) {
				w.Errorf("payment %q: %v", id, err)
			}
		}
	},
}
