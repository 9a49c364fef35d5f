package storetest

import (
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var queue = map[string]func(*world){
	"marks of a pending key add up": func(w *world) {
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Scope: lockstep.ScopeCustomer, Priority: lockstep.Normal,
			Delay: time.Hour}))
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Scope: lockstep.ScopePayments, Priority: lockstep.Background,
			Delay: 2 * time.Hour}))
		work := w.work(cus1)
		if work.Generation != 2 || work.Scope != lockstep.ScopeCustomer|lockstep.ScopePayments ||
			work.Priority != lockstep.Normal || !near(work.RunAt, time.Hour) {
			w.Errorf("a later mark made %+v", work)
		}
		w.mark(cus1, lockstep.ScopeIdentity, lockstep.Interactive)
		work = w.work(cus1)
		if work.Priority != lockstep.Interactive || !near(work.RunAt, 0) {
			w.Errorf("a more urgent mark made %+v", work)
		}
		w.claim(cus1)
	},
	"a mark that is only more urgent has an effect": func(w *world) {
		w.mark(cus1, lockstep.ScopeAll, lockstep.Normal)
		w.mark(cus1, lockstep.ScopeAll, lockstep.Interactive)
		equal(w, "priority", w.work(cus1).Priority, lockstep.Interactive)
	},
	"a mark that adds nothing writes nothing, and its event is settled": func(w *world) {
		w.deliver("evt_1", cus1)
		w.deliver("evt_2", cus1)
		equal(w, "generation", w.work(cus1).Generation, 1)
		first := w.claim(cus1)
		w.deliver("evt_3", cus1)
		w.deliver("evt_4", cus1)
		equal(w, "generation", w.work(cus1).Generation, 2)
		w.done(first)
		for id, status := range map[string]lockstep.EventStatus{"evt_1": lockstep.EventDone, "evt_2": lockstep.EventDone,
			"evt_3": lockstep.EventPending, "evt_4": lockstep.EventPending} {
			w.eventIs(id, cus1, status, "")
		}
		w.done(w.claim(cus1))
		for _, id := range []string{"evt_3", "evt_4"} {
			w.eventIs(id, cus1, lockstep.EventDone, "")
		}
		w.idle()
	},
	"a mark of what a run has taken causes another run": func(w *world) {
		for name, lease := range map[string]time.Duration{"while it is held": time.Minute, "when the lease has expired": 0} {
			w.mark(cus1, lockstep.ScopeAll, lockstep.Normal)
			claim := w.take(lease)[0]
			w.mark(cus1, lockstep.ScopeAll, lockstep.Normal)
			w.done(claim)
			if !w.work(cus1).Pending() {
				w.Errorf("a mark %s is lost", name)
			}
			w.done(w.claim(cus1))
		}
		w.mark(cus1, lockstep.ScopeAll, lockstep.Normal)
		w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Retry, Reason: "later"})
		before := w.work(cus1).Generation
		w.mark(cus1, lockstep.ScopeAll, lockstep.Normal)
		equal(w, "generation after a try", w.work(cus1).Generation, before+1)
	},
	"a mark of a done key replaces what was done": func(w *world) {
		w.mark(cus1, lockstep.ScopeAll, lockstep.Interactive)
		w.done(w.claim(cus1))
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Scope: lockstep.ScopePayments, Priority: lockstep.Background,
			Delay: time.Hour}))
		work := w.work(cus1)
		if work.Scope != lockstep.ScopePayments || work.Priority != lockstep.Background || !near(work.RunAt, time.Hour) {
			w.Errorf("got %+v", work)
		}
	},
	"marks of one key in one call are combined": func(w *world) {
		w.ok(w.Mark(w.Context(),
			lockstep.Mark{Key: cus1, Scope: lockstep.ScopeCustomer, Priority: lockstep.Background, Delay: time.Hour},
			lockstep.Mark{Key: cus2, Scope: lockstep.ScopeCustomer, Priority: lockstep.Background, Delay: time.Hour},
			lockstep.Mark{Key: cus1, Scope: lockstep.ScopePayments, Priority: lockstep.Normal}))
		claim := w.claim(cus1)
		equal(w, "scope", claim.Scope, lockstep.ScopeCustomer|lockstep.ScopePayments)
	},
	"a mark on a linked customer lands on its account": func(w *world) {
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_1"})
		w.mark(cus1, lockstep.ScopePayments, lockstep.Normal)
		claim := w.claim(acme.Key())
		equal(w, "scope", claim.Scope, lockstep.ScopePayments)
	},
	"the most urgent is claimed first": func(w *world) {
		for _, m := range []struct {
			id       string
			priority lockstep.Priority
		}{{"a", lockstep.Background}, {"b", lockstep.Normal}, {"c", lockstep.Interactive}} {
			w.mark(checkoutKey(m.id), 0, m.priority)
		}
		var order []string
		for range 3 {
			claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
				MaxPriority: lockstep.Background})
			w.ok(err)
			for _, c := range claims {
				order = append(order, c.Key.ID)
			}
		}
		equal(w, "order", order, []string{"c", "b", "a"})
	},
	"no key is claimed that is less urgent than requested": func(w *world) {
		for id, p := range map[string]lockstep.Priority{"a": lockstep.Interactive, "b": lockstep.Normal,
			"c": lockstep.Background} {
			w.mark(checkoutKey(id), 0, p)
		}
		for most, want := range map[lockstep.Priority]int{lockstep.Interactive: 1, lockstep.Normal: 2,
			lockstep.Background: 3} {
			claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 9, Lease: 0, MaxPriority: most})
			w.ok(err)
			equal(w, "claims", len(claims), want)
			for _, c := range claims {
				if c.Priority > most {
					w.Errorf("of at most %d, %s was claimed, which is %d", most, c.Key, c.Priority)
				}
			}
		}
	},
	"the limit of a claim counts all priorities together": func(w *world) {
		for _, id := range []string{"a1", "a2", "b1", "b2", "c1", "c2"} {
			w.mark(checkoutKey(id), 0, map[byte]lockstep.Priority{'a': lockstep.Interactive, 'b': lockstep.Normal,
				'c': lockstep.Background}[id[0]])
		}
		for _, want := range []int{3, 3, 0} {
			claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 3, Lease: time.Minute,
				MaxPriority: lockstep.Background})
			w.ok(err)
			equal(w, "claims", len(claims), want)
		}
	},
	"within a priority the oldest is claimed first": func(w *world) {
		w.mark(checkoutKey("b"), 0, lockstep.Normal)
		for first := w.work(checkoutKey("b")).RunAt; ; { // until the clock has moved on
			w.mark(checkoutKey("a"), 0, lockstep.Normal)
			claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 1, Lease: 0, MaxPriority: lockstep.Normal})
			w.ok(err)
			if w.work(checkoutKey("a")).RunAt.After(first) {
				equal(w, "key", claims[0].Key, checkoutKey("b"))
				return
			}
			w.done(claims[0])
		}
	},
	"several keys are claimed in order": func(w *world) {
		for _, id := range []string{"b", "c", "a"} {
			w.ok(w.Mark(w.Context(), lockstep.Mark{Key: checkoutKey("n" + id), Priority: lockstep.Normal},
				lockstep.Mark{Key: checkoutKey("i" + id), Priority: lockstep.Interactive}))
		}
		claims := w.take(time.Minute)
		equal(w, "number", len(claims), 6)
		for i, c := range claims {
			if interactive := c.Key.ID[0] == 'i'; interactive != (i < 3) {
				w.Errorf("claim %d is %s", i, c.Key)
			}
		}
	},
	"a claim respects its limit": func(w *world) {
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Priority: lockstep.Normal},
			lockstep.Mark{Key: cus2, Priority: lockstep.Normal},
			lockstep.Mark{Key: alice.Key(), Priority: lockstep.Interactive}, lockstep.Mark{Key: bob.Key(),
				Priority: lockstep.Background}))
		for _, want := range []int{3, 1, 0} {
			claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 3, Lease: time.Minute,
				MaxPriority: lockstep.Background})
			w.ok(err)
			equal(w, "claims", len(claims), want)
		}
		claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{MaxPriority: lockstep.Background})
		w.ok(err)
		equal(w, "claims of none", len(claims), 0)
	},
	"a claim respects its lowest priority": func(w *world) {
		w.mark(cus1, 0, lockstep.Normal)
		claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 9, Lease: time.Minute,
			MaxPriority: lockstep.Interactive})
		w.ok(err)
		equal(w, "claims", len(claims), 0)
	},
	"a claim describes its key": func(w *world) {
		w.mark(cus1, lockstep.ScopeCustomer, lockstep.Normal)
		w.mark(cus1, lockstep.ScopePayments, lockstep.Normal)
		c := w.claim(cus1)
		if c.Scope != lockstep.ScopeCustomer|lockstep.ScopePayments || c.Generation != 2 || c.Attempt != 1 ||
			len(c.Token) < 20 || !near(c.LeaseUntil, time.Minute) {
			w.Errorf("got %+v", c)
		}
		if work := w.work(cus1); !work.LeaseUntil.Equal(c.LeaseUntil) {
			w.Errorf("leased until %s, want %s", work.LeaseUntil, c.LeaseUntil)
		}
	},
	"a held key is not claimed": func(w *world) {
		w.hold(cus1)
		w.mark(cus1, lockstep.ScopeAll, lockstep.Interactive)
		w.idle()
	},
	"a key that is due later is not claimed": func(w *world) {
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Delay: time.Hour}))
		w.idle()
	},
	"an expired lease is claimed again, with the scope of both": func(w *world) {
		w.mark(cus1, lockstep.ScopeCustomer, lockstep.Normal)
		first := w.take(0)[0]
		w.mark(cus1, lockstep.ScopePayments, lockstep.Normal)
		second := w.claim(cus1)
		if second.Scope != lockstep.ScopeCustomer|lockstep.ScopePayments || second.Attempt != 2 ||
			second.Generation != 2 || second.Token == first.Token {
			w.Errorf("first %+v, second %+v", first, second)
		}
	},
	"a mark during a run causes another run, alone and at its own time": func(w *world) {
		w.mark(cus1, lockstep.ScopeCustomer, lockstep.Interactive)
		claim := w.claim(cus1)
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Scope: lockstep.ScopePayments, Priority: lockstep.Normal,
			Delay: time.Hour}))
		w.done(claim)
		w.idle()
		work := w.work(cus1)
		if !work.Pending() || work.Scope != lockstep.ScopePayments || work.Priority != lockstep.Normal ||
			!near(work.RunAt, time.Hour) {
			w.Errorf("got %+v", work)
		}
		w.mark(cus1, 0, lockstep.Normal)
		claim = w.claim(cus1)
		equal(w, "scope", claim.Scope, lockstep.ScopePayments)
		w.mark(cus1, 0, lockstep.Normal)
		w.done(claim)
		w.done(w.claim(cus1))
		w.idle()
	},
	"the next due time is the earliest of the pending keys": func(w *world) {
		due := func(p lockstep.Priority) (time.Time, bool) {
			at, pending, err := w.NextDue(w.Context(), p)
			w.ok(err)
			return at, pending
		}
		if at, pending := due(lockstep.Background); pending {
			w.Errorf("an empty queue is due at %s", at)
		}
		w.ok(w.Mark(w.Context(), lockstep.Mark{Key: cus1, Priority: lockstep.Background, Delay: time.Hour},
			lockstep.Mark{Key: cus2, Priority: lockstep.Normal, Delay: 2 * time.Hour}))
		if at, pending := due(lockstep.Background); !pending || !near(at, time.Hour) {
			w.Errorf("due at %s (%v), want in an hour", at, pending)
		}
		if at, pending := due(lockstep.Normal); !pending || !near(at, 2*time.Hour) {
			w.Errorf("the more urgent is due at %s (%v), want in two hours", at, pending)
		}
		if at, pending := due(lockstep.Interactive); pending {
			w.Errorf("interactive work is due at %s, want none", at)
		}
		w.holdFirst(alice.Key())
		if at, pending := due(lockstep.Normal); !pending || !near(at, time.Minute) {
			w.Errorf("what is held is due at %s (%v), want when its lease ends", at, pending)
		}
	},
	"missing work is not found": func(w *world) {
		if _, err := w.Work(w.Context(), cus1); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("got %v", err)
		}
	},
	"the backlog has the pending, parked and failed keys": func(w *world) {
		w.done(w.hold(alice.Key()))
		w.finish(w.hold(bob.Key()), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		w.finish(w.hold(cus1), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody"})
		w.mark(cus2, 0, lockstep.Normal)
		w.mark(cus1, 0, lockstep.Normal)
		backlog, err := w.Backlog(w.Context(), 10)
		w.ok(err)
		var keys []lockstep.Key
		for _, b := range backlog {
			keys = append(keys, b.Key)
			equal(w, b.Key.String(), b, w.work(b.Key))
		}
		equal(w, "keys", keys, []lockstep.Key{cus1, cus2, bob.Key()})
		backlog, err = w.Backlog(w.Context(), 2)
		w.ok(err)
		equal(w, "limited", len(backlog), 2)
	},
}

// holdFirst marks a key as urgent and claims it before less urgent ones.
func (w *world) holdFirst(key lockstep.Key) lockstep.Claim {
	w.Helper()
	w.mark(key, lockstep.ScopeAll, lockstep.Interactive)
	claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
		MaxPriority: lockstep.Interactive})
	w.ok(err)
	if len(claims) != 1 || claims[0].Key != key {
		w.Fatalf("claimed %v, want %s", claims, key)
	}
	return claims[0]
}
