package storetest

import (
	"errors"

	"github.com/lockstep-dev/lockstep"
)

var notices = map[string]func(*world){
	"a new notice marks its key, once": func(w *world) {
		n := lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_1", at(1))
		for range 2 {
			w.mark(alice.Key(), lockstep.ScopeAll, lockstep.Normal)
			claim := w.among(alice.Key())
			w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice},
				Notices: []lockstep.Notice{n}}))
			w.done(claim)
		}
		equal(w, "generation", w.work(n.Key()).Generation, 1)
	},
	"a notice of a run that lost its lease is not stored": func(w *world) {
		claim := w.hold(alice.Key())
		claim.Token = "another"
		n := lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_1", at(1))
		err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice},
			Notices: []lockstep.Notice{n}})
		if !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("saved: %v", err)
		}
		if _, err := w.Work(w.Context(), n.Key()); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("its key: %v", err)
		}
	},
	"a notice keeps its facts": func(w *world) {
		claim := w.hold(alice.Key())
		until := at(7).UTC()
		n := lockstep.NewNotice(lockstep.NoticePaymentFailed, alice, "in_1", at(1))
		n.Facts = lockstep.Facts{Plan: "pro", Amount: 2000, Currency: "eur", Status: "past_due", Until: &until, Ending: true,
			Invoice: "in_1", PaidBy: "user_x", Checkout: "cs_1"}
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice},
			Notices: []lockstep.Notice{n}}))
		got, err := w.Notice(w.Context(), n.ID)
		w.ok(err)
		n.Generation = claim.Generation
		equal(w, "notice", got, n)
		if _, err := w.Notice(w.Context(), "payment.failed:in_2"); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("another: %v", err)
		}
	},
	"a license's notice waits for the run that the license marks": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		n := lockstep.NewNotice(lockstep.NoticeLicenseGranted, alice, "cs_1", at(1))
		w.ok(w.SaveLicense(w.Context(), w.hold(checkoutKey("cs_1")), license("cs_1", "pi_1"), []lockstep.Notice{n}))
		got, err := w.Notice(w.Context(), n.ID)
		w.ok(err)
		before := w.work(alice.Key())
		if got.Generation != before.Generation || got.Generation <= before.DoneGeneration {
			w.Errorf("it waits for generation %d, and %d of %d is done", got.Generation, before.DoneGeneration,
				before.Generation)
		}
		w.done(w.among(alice.Key()))
		if after := w.work(alice.Key()); after.DoneGeneration < got.Generation {
			w.Errorf("it still waits for generation %d after %d", got.Generation, after.DoneGeneration)
		}
	},
	"notices are stored under another key than the account's": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		n := lockstep.NewNotice(lockstep.NoticePaymentRefunded, alice, "re_1", at(1))
		claim := w.hold(lockstep.Key{Kind: lockstep.KeyPayment, ID: "pi_1"})
		for range 2 {
			w.ok(w.SaveNotices(w.Context(), claim, alice, []lockstep.Notice{n}))
		}
		got, err := w.Notice(w.Context(), n.ID)
		w.ok(err)
		if work := w.work(alice.Key()); got.Generation > work.DoneGeneration {
			w.Errorf("it waits for generation %d of the account, which has done %d", got.Generation, work.DoneGeneration)
		}
		equal(w, "generation", w.work(n.Key()).Generation, 1)
		err = w.SaveNotices(w.Context(), claim, bob, []lockstep.Notice{n})
		if !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("of an unknown account: %v", err)
		}
	},
	"a notice keeps whether there was access": func(w *world) {
		w.save(lockstep.Record{Account: alice, EntitledBy: "sub_1"})
		equal(w, "entitled", w.account(alice).EntitledBy, "sub_1")
		w.save(lockstep.Record{Account: alice})
		equal(w, "entitled", w.account(alice).EntitledBy, "")
	},
}
