package storetest

import (
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// leaseLost checks that err says that the claim is not the current one.
func (w *world) leaseLost(err error) {
	w.Helper()
	if !errors.Is(err, lockstep.ErrLeaseLost) {
		w.Errorf("got %v, want ErrLeaseLost", err)
	}
}

// fencedWrites are all writes that carry a claim. Each of them changes something.
func (w *world) fencedWrites(claim lockstep.Claim) map[string]error {
	ctx := w.Context()
	_, sighted := w.RecordListed(ctx, claim, w.now(), []lockstep.Identity{{Account: alice}})
	return map[string]error{
		"Save": w.Save(ctx, claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, Name: "zombie"},
			Notices: []lockstep.Notice{lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_z", at(1))},
			Marks:   []lockstep.Mark{{Key: cus2}}}),
		"SaveProjected": w.SaveProjected(ctx, claim, alice, map[string]any{"plan": "zombie"}),
		"Link":          w.Link(ctx, claim, lockstep.Identity{Account: alice}, "cus_1", lockstep.Proven),
		"SaveLicense":   w.SaveLicense(ctx, claim, license("cs_1", "pi_1"), nil),
		"SaveNotices": w.SaveNotices(ctx, claim, alice,
			[]lockstep.Notice{lockstep.NewNotice(lockstep.NoticePaymentRefunded, alice, "re_z", at(1))}),
		"Wake": func() error {
			_, err := w.Wake(ctx, lockstep.Claim{Key: claim.Key.Wake(), Token: claim.Token})
			return err
		}(),
		"SaveCursor": w.SaveCursor(ctx, claim, "events", "zombie", []lockstep.Mark{{Key: cus2}}),
		"Sight":      sighted,
		"Finish":     w.Finish(ctx, claim, lockstep.Outcome{Disposition: lockstep.Done}),
	}
}

// stale checks that no write of a claim succeeds or changes anything.
func (w *world) stale(claim lockstep.Claim) {
	w.Helper()
	before, work := w.account(alice), w.work(alice.Key())
	for name, err := range w.fencedWrites(claim) {
		if !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("%s: got %v, want ErrLeaseLost", name, err)
		}
	}
	equal(w, "account", w.account(alice), before)
	equal(w, "work", w.work(alice.Key()), work)
	notices, err := w.Notices(w.Context(), alice)
	w.ok(err)
	equal(w, "notices", notices, nil)
	cursor, err := w.Cursor(w.Context(), "events")
	w.ok(err)
	equal(w, "cursor", cursor, "")
	if _, err := w.Work(w.Context(), cus2); !errors.Is(err, lockstep.ErrNotFound) {
		w.Errorf("a stale claim marked: %v", err)
	}
}

var fencing = map[string]func(*world){
	"a run cannot write after another run has claimed its key": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.mark(alice.Key(), 0, lockstep.Normal)
		zombie := w.take(0)[0]
		successor := w.claim(alice.Key())
		w.stale(zombie)
		w.done(successor)
	},
	"a run that has ended cannot write": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		for _, d := range []lockstep.Disposition{lockstep.Done, lockstep.Retry, lockstep.Parked, lockstep.Failed} {
			claim := w.hold(alice.Key())
			w.finish(claim, lockstep.Outcome{Disposition: d, At: time.Time{}})
			w.stale(claim)
			w.ok(w.Mark(w.Context(), lockstep.Mark{Key: alice.Key()}))
			w.done(w.claim(alice.Key()))
		}
	},
	"the claim of another key is refused": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.mark(alice.Key(), 0, lockstep.Normal)
		held := w.claim(alice.Key())
		forged := held
		forged.Key = bob.Key()
		w.stale(forged)
		w.done(held)
	},
	"a claim without a token is refused": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.stale(lockstep.Claim{Key: alice.Key()})
	},
	"a run past its lease can write until another run claims its key": func(w *world) {
		w.mark(alice.Key(), 0, lockstep.Normal)
		claim := w.take(0)[0]
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, Name: "Alice"}}))
		w.done(claim)
		w.settled(alice.Key())
	},
	"a refused finish settles no event": func(w *world) {
		w.deliver("evt_1", cus1)
		zombie := w.take(0)[0]
		w.claim(cus1)
		for _, d := range []lockstep.Disposition{lockstep.Done, lockstep.Retry, lockstep.Parked, lockstep.Failed} {
			w.leaseLost(w.Finish(w.Context(), zombie, lockstep.Outcome{Disposition: d, Reason: "late",
				WaitsFor: []lockstep.Key{alice.Key()}, Run: &lockstep.RunReport{}}))
		}
		equal(w, "records", w.history(cus1), nil)
		w.eventIs("evt_1", cus1, lockstep.EventPending, "")
		w.waits(alice.Key())
		if work := w.work(cus1); work.LeaseUntil.IsZero() || work.Reason != "" {
			w.Errorf("got %+v", work)
		}
	},
	"a refused finish ends no wait": func(w *world) {
		w.mark(cus1, 0, lockstep.Normal)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody",
			WaitsFor: []lockstep.Key{alice.Key()}})
		w.mark(cus1, 0, lockstep.Normal)
		zombie := w.take(0)[0]
		w.claim(cus1)
		for _, d := range []lockstep.Disposition{lockstep.Done, lockstep.Retry, lockstep.Parked, lockstep.Failed} {
			w.leaseLost(w.Finish(w.Context(), zombie, lockstep.Outcome{Disposition: d, Reason: "late"}))
		}
		w.waits(alice.Key(), cus1)
	},
}
