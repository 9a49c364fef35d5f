package storetest

import (
	"errors"

	"github.com/lockstep-dev/lockstep"
)

// refusedDeletion is the record of a deleted account whose billing Stripe refuses to end.
func refusedDeletion(a lockstep.Account) lockstep.Record {
	return lockstep.Record{Account: a, State: lockstep.AccountDeleted, CustomerID: "cus_" + a.ID,
		Problems: []lockstep.Problem{{Step: lockstep.StepDeletion, Code: "no", Reason: "refused", Since: at(1)}}}
}

var problems = map[string]func(*world){
	"accounts with problems are listed by account, a page at a time": func(w *world) {
		for n, a := range []lockstep.Account{bob, acme, alice} {
			r := lockstep.Record{Account: a}
			if a != acme {
				r.Problems = []lockstep.Problem{{Step: lockstep.StepMetadata, Code: "full", Reason: "full", Since: at(int64(n))}}
			}
			w.save(r)
		}
		page, err := w.Troubled(w.Context(), lockstep.Account{}, 1)
		w.ok(err)
		if len(page) != 1 || page[0].Account != alice || page[0].Problems[0].Code != "full" {
			w.Errorf("first page: %+v", page)
		}
		page, err = w.Troubled(w.Context(), alice, 5)
		w.ok(err)
		if len(page) != 1 || page[0].Account != bob {
			w.Errorf("second page: %+v", page)
		}
		w.save(lockstep.Record{Account: bob})
		page, err = w.Troubled(w.Context(), alice, 5)
		w.ok(err)
		equal(w, "once it is gone", len(page), 0)
	},
	"a refused deletion is listed and counted as refused": func(w *world) {
		w.populate(6)
		w.begin(member(0), lockstep.Brake{})
		w.begin(member(1), lockstep.Brake{})
		r := refusedDeletion(member(0))
		r.CustomerID = w.account(member(0)).CustomerID
		w.save(r)
		listed, err := w.DeletionsIn(w.Context(), lockstep.DeletionRefused, 10)
		w.ok(err)
		if len(listed) != 1 || listed[0].Account != member(0) || listed[0].State != lockstep.DeletionRefused {
			w.Errorf("refused: %+v", listed)
		}
		begun, err := w.DeletionsIn(w.Context(), lockstep.DeletionBegun, 10)
		w.ok(err)
		if len(begun) != 1 || begun[0].Account != member(1) {
			w.Errorf("begun: %+v", begun)
		}
		tally, err := w.DeletionTally(w.Context())
		w.ok(err)
		equal(w, "tally", tally, map[lockstep.DeletionState]int64{lockstep.DeletionBegun: 1, lockstep.DeletionRefused: 1})
		// It does not block others, cannot be discarded, and is marked when it is approved.
		state, _ := w.begin(member(2), lockstep.Brake{})
		equal(w, "the next one", state, lockstep.DeletionBegun)
		if _, err := w.DecideDeletions(w.Context(), lockstep.DeletionDiscarded,
			[]lockstep.Account{member(0)}); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("discard: %v", err)
		}
		decided, err := w.DecideDeletions(w.Context(), lockstep.DeletionApproved, []lockstep.Account{member(0)})
		w.ok(err)
		equal(w, "approved", decided, []lockstep.Account{member(0)})
		w.claim(member(0).Key())
	},
	"a member who left an organization does not show what they bought for it": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		r := lockstep.Record{Account: acme, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{
			{ID: "sub_1", CustomerID: "cus_1", Status: "active", CreatedAt: at(1), PaidBy: alice.ID}}}
		for _, c := range []struct {
			departed []string
			shown    int
		}{{nil, 1}, {[]string{bob.ID}, 1}, {[]string{alice.ID}, 0}, {[]string{bob.ID, alice.ID}, 0},
			{[]string{alice.ID + "x"}, 1}, {[]string{}, 1}} {
			r.Departed = c.departed
			w.save(r)
			if shown := w.account(alice).PaysFor; len(shown) != c.shown {
				w.Errorf("with %v departed: %+v", c.departed, shown)
			}
		}
	},
}

var trials = map[string]func(*world){
	"an address that had a trial is recognized in every spelling": func(w *world) {
		w.mark(alice.Key(), 0, lockstep.Normal)
		claim := w.claim(alice.Key())
		for range 2 { // a second record changes nothing
			w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice},
				TrialAddresses: []string{"Ada+x@Example.com"}}))
		}
		for email, want := range map[string]bool{"ada@example.com": true, "ADA@example.com": true, "ada+y@example.com": true,
			" ada@example.com ": true,
			"eve@example.com":   false, "ada@example.org": false, "": false, "+x@example.com": false} {
			had, err := w.HadTrial(w.Context(), email)
			w.ok(err)
			equal(w, email, had, want)
		}
	},
	"a trial of a run that lost its lease is not recorded": func(w *world) {
		w.mark(alice.Key(), 0, lockstep.Normal)
		claim := w.claim(alice.Key())
		w.done(claim)
		err := w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice},
			TrialAddresses: []string{"ada@example.com"}})
		if !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("save: %v", err)
		}
		had, err := w.HadTrial(w.Context(), "ada@example.com")
		w.ok(err)
		equal(w, "had", had, false)
	},
}
