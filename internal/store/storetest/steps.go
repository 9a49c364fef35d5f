package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// StepRows is about how many rows a transaction writes in the stores of [RunInSteps].
const StepRows = 6

// RunInSteps runs the tests of operations that take several transactions on stores with small
// transactions, and the ordinary tests of those operations.
func RunInSteps(t *testing.T, fresh func(t *testing.T) Open) {
	run(t, fresh, map[string]map[string]func(*world){
		"steps": steps, "webhooks": webhooks, "deletions": deletions, "forget": forget, "wake": wakes, "link": links,
		"finish": finish, "history": history, "listed": listed, "audit": audit,
	})
}

// some is more rows than three steps write.
const some = 3*StepRows + 2

// numbered returns n items, each made from its number.
func numbered[T any](n int, one func(name string) T) (all []T) {
	for i := range n {
		all = append(all, one(fmt.Sprintf("%03d", i)))
	}
	return all
}

// receive stores events with marks on a key.
func (w *world) receive(n int, prefix string, key lockstep.Key) {
	w.Helper()
	_, err := w.Receive(w.Context(), numbered(n, func(name string) lockstep.Delivery {
		return delivery(prefix+name,
			key)
	}))
	w.ok(err)
}

// eventsOf counts the events of a key by status and reason.
func (w *world) eventsOf(key lockstep.Key) map[string]int {
	w.Helper()
	page, err := w.Events(w.Context(), lockstep.EventFilter{Key: key, Limit: 1000})
	w.ok(err)
	counts := map[string]int{}
	for _, e := range page.Events {
		counts[strings.TrimSpace(string(e.Status)+" "+e.Reason)]++
	}
	return counts
}

// wakeAll runs the wake of a key to its end, and returns how many steps it took.
func (w *world) wakeAll(key lockstep.Key) (taken int) {
	w.Helper()
	claim := w.among(key.Wake())
	for {
		more, err := w.Wake(w.Context(), claim)
		w.ok(err)
		if taken++; !more {
			w.done(claim)
			return taken
		}
	}
}

// pending counts the pending keys of a kind.
func (w *world) pending(kind lockstep.KeyKind) (n int) {
	w.Helper()
	backlog, err := w.Backlog(w.Context(), 1000)
	w.ok(err)
	for _, work := range backlog {
		if work.Key.Kind == kind && work.Pending() {
			n++
		}
	}
	return n
}

// parkAll parks payments that wait for a key.
func (w *world) parkAll(n int, waitsFor lockstep.Key) {
	w.Helper()
	w.ok(w.Mark(w.Context(), numbered(n, func(name string) lockstep.Mark {
		return lockstep.Mark{Key: checkoutKey("cs_" +
			name)}
	})...))
	for _, claim := range w.take(time.Minute) {
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody", WaitsFor: []lockstep.Key{waitsFor}})
	}
}

var steps = map[string]func(*world){
	"many marks and deliveries": func(w *world) {
		w.ok(w.Mark(w.Context(), numbered(some, func(name string) lockstep.Mark {
			return lockstep.Mark{
				Key: checkoutKey(name)}
		})...))
		equal(w, "marked", w.pending(lockstep.KeyCheckout), some)
		w.receive(some, "evt_", cus1)
		w.receive(some+1, "evt_", cus1)
		equal(w, "stored", w.eventsOf(cus1), map[string]int{"pending": some + 1})
	},
	"a cursor with many marks": func(w *world) {
		marks := numbered(some, func(name string) lockstep.Mark { return lockstep.Mark{Key: checkoutKey(name)} })
		w.ok(w.SaveCursor(w.Context(), w.hold(sweepKey), "events", "here", marks))
		cursor, err := w.Cursor(w.Context(), "events")
		w.ok(err)
		equal(w, "cursor and marks", fmt.Sprint(cursor, w.pending(lockstep.KeyCheckout)), fmt.Sprint("here", some))
	},
	"many listed accounts": func(w *world) {
		adrift, err := w.RecordListed(w.Context(), w.hold(sweepKey), w.now(),
			numbered(some, func(name string) lockstep.Identity {
				return lockstep.Identity{Account: lockstep.Account{Kind: lockstep.User, ID: "user_" + name}}
			}))
		w.ok(err)
		equal(w, "unknown", len(adrift), some)
	},
	"an endpoint that missed many deliveries": func(w *world) {
		for i, subject := range numbered(some, func(name string) string { return "s" + name }) {
			state := []lockstep.WebhookState{lockstep.WebhookHeld, lockstep.WebhookUndelivered}[i%2]
			w.delivered(lockstep.WebhookDelivery{Endpoint: "app", Subject: subject, State: state},
				&lockstep.WebhookEndpoint{ID: "app", DisabledAt: time.Now()})
		}
		missed, err := w.EnableWebhookEndpoint(w.Context(), "app")
		w.ok(err)
		equal(w, "missed", missed, some)
		equal(w, "marked", w.pending(lockstep.KeyWebhook), some)
		deliveries, err := w.WebhookDeliveries(w.Context(), "app", lockstep.DeliveryFilter{Limit: 100})
		w.ok(err)
		for _, d := range deliveries.Deliveries {
			equal(w, "state of "+d.Subject, d.State, lockstep.WebhookPending)
		}
		missed, err = w.EnableWebhookEndpoint(w.Context(), "app")
		w.ok(err)
		equal(w, "missed since", missed, 0)
	},
	"many held deletions": func(w *world) {
		w.populate(some + 1)
		for n := range some + 1 {
			w.begin(member(n), lockstep.Brake{Limit: 1})
		}
		decided, err := w.DecideDeletions(w.Context(), lockstep.DeletionApproved, nil)
		w.ok(err)
		equal(w, "decided", len(decided), some)
		equal(w, "marked", w.pending(lockstep.KeyUser), some)
		tally, err := w.DeletionTally(w.Context())
		w.ok(err)
		equal(w, "tally", tally, map[lockstep.DeletionState]int64{lockstep.DeletionBegun: 1, lockstep.DeletionApproved: some})
	},
	"many named deletions: all or none, and a second call does the rest": func(w *world) {
		w.populate(some + 1)
		var named []lockstep.Account
		for n := range some + 1 {
			w.begin(member(n), lockstep.Brake{Limit: 1})
			named = append(named, member(n))
		}
		_, err := w.DecideDeletions(w.Context(), lockstep.DeletionApproved, append(named[1:some:some], member(0)))
		if !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("the last does not wait: %v, want ErrNotFound", err)
		}
		equal(w, "nothing was decided", w.account(member(1)).Deletion, lockstep.DeletionHeld)
		_, err = w.DecideDeletions(w.Context(), lockstep.DeletionApproved, named[1:some/2])
		w.ok(err)
		decided, err := w.DecideDeletions(w.Context(), lockstep.DeletionApproved, named[1:])
		w.ok(err)
		equal(w, "the rest", decided, named[some/2:])
		_, err = w.DecideDeletions(w.Context(), lockstep.DeletionDiscarded, named[1:])
		if !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("the other way: %v, want ErrNotFound", err)
		}
	},
	"many events to forget": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID})
		w.receive(some, "evt_", alice.Key())
		w.receive(some, "evt_other_", bob.Key())
		_, err := w.Receive(w.Context(), numbered(some, func(name string) lockstep.Delivery {
			return lockstep.Delivery{Event: lockstep.Event{Source: lockstep.Clerk, ID: "msg_" + name,
				Body: []byte(`{"user_id":"user_alice"}`)}}
		}))
		w.ok(err)
		w.ok(w.Save(w.Context(), w.among(alice.Key()), lockstep.AccountUpdate{Record: lockstep.Record{Account: alice,
			CustomerID: cus1.ID, State: lockstep.AccountDeleted}}))
		forgotten, err := w.Forget(w.Context(), alice)
		w.ok(err)
		equal(w, "forgotten", forgotten, 2*some)
		forgotten, err = w.Forget(w.Context(), alice)
		w.ok(err)
		equal(w, "forgotten again", forgotten, 0)
		equal(w, "another's body", string(w.event("evt_other_000").Body), `{"id":"evt_other_000"}`)
	},
	"a run of many events ends, and the next run settles later events": func(w *world) {
		for want, outcome := range map[string]lockstep.Outcome{
			"done": {Disposition: lockstep.Done}, "failed no": {Disposition: lockstep.Failed, Reason: "no"},
		} {
			key := customerKey("cus_" + string(outcome.Disposition))
			w.receive(some, "evt_"+string(outcome.Disposition), key)
			claim := w.claim(key)
			w.receive(2, "evt_late"+string(outcome.Disposition), key)
			w.finish(claim, outcome)
			equal(w, "events", w.eventsOf(key), map[string]int{want: some, "pending": 2})
			w.done(w.claim(key))
			if err := w.Finish(w.Context(), claim, outcome); !errors.Is(err, lockstep.ErrLeaseLost) {
				w.Errorf("finished again: %v, want ErrLeaseLost", err)
			}
		}
	},
	"a run of many events parks, and again with another reason": func(w *world) {
		w.receive(some, "evt_", cus1)
		for _, reason := range []string{"nobody", "nobody", "still nobody"} {
			w.mark(cus1, 0, lockstep.Normal)
			w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Parked, Reason: reason,
				WaitsFor: []lockstep.Key{cus2}})
			equal(w, "events", w.eventsOf(cus1), map[string]int{"parked " + reason: some})
			w.waits(cus2, cus1)
		}
	},
	"a link moves many events and wakes many keys": func(w *world) {
		w.parkAll(some, cus1)
		w.receive(some, "evt_", cus1)
		claim := w.claim(cus1)
		w.ok(w.Link(w.Context(), claim, lockstep.Identity{Account: alice}, cus1.ID, lockstep.Proven))
		w.done(claim)
		equal(w, "woken at once", w.pending(lockstep.KeyCheckout), 0)
		if taken := w.wakeAll(cus1); taken < 4 {
			w.Errorf("%d steps are too few", taken)
		}
		equal(w, "woken", w.pending(lockstep.KeyCheckout), some)
		equal(w, "events of the customer", w.eventsOf(cus1), map[string]int{})
		equal(w, "events of the account", w.eventsOf(alice.Key()), map[string]int{"pending": some})
		w.waits(cus1)
	},
	"an adopted customer moves many events, and a run that holds its key settles none of them": func(w *world) {
		w.receive(some, "evt_", cus1)
		held := w.claim(cus1)
		own := w.hold(alice.Key())
		w.ok(w.Save(w.Context(), own, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, CustomerID: cus1.ID}}))
		w.done(held)
		// The link does one step, and the run that ends does one.
		equal(w, "moved at once", w.eventsOf(alice.Key()), map[string]int{"pending": 2 * (StepRows / 2)})
		w.wakeAll(cus1)
		equal(w, "events of the account", w.eventsOf(alice.Key()), map[string]int{"pending": some})
	},
	"a successor gets many open events": func(w *world) {
		for former, successor := range map[lockstep.Account]lockstep.Account{oldAlice: alice,
			{Kind: lockstep.Organization, ID: "org_old"}: acme} {
			w.drain()
			w.save(lockstep.Record{Account: former})
			w.move("ins_of_" + successor.ID)
			w.receive(some, "evt_"+successor.ID, former.Key())
			i, err := w.Instance(w.Context(), lockstep.Clerk)
			w.ok(err)
			w.ok(w.succeed(former, successor, i.Generation))
			equal(w, "moved at once", w.eventsOf(successor.Key()), map[string]int{"pending": StepRows / 2})
			w.wakeAll(former.Key())
			equal(w, "events of the successor", w.eventsOf(successor.Key()), map[string]int{"pending": some})
			equal(w, "events of the former account", w.eventsOf(former.Key()), map[string]int{})
		}
	},
	"a new account wakes many keys, even if a wake run dies": func(w *world) {
		w.parkAll(some, alice.Key())
		w.save(lockstep.Record{Account: alice})
		claims := w.take(0) // their lease has ended
		equal(w, "due", len(claims), 1)
		if _, err := w.Wake(w.Context(), claims[0]); err != nil {
			w.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // so that the clock moves on
		w.wakeAll(alice.Key())
		equal(w, "woken", w.pending(lockstep.KeyCheckout), some)
		if _, err := w.Wake(w.Context(), claims[0]); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("late: %v, want ErrLeaseLost", err)
		}
	},
	"an account with many subscriptions, marks and notices": func(w *world) {
		created := time.UnixMilli(1_700_000_000_000).UTC()
		want := lockstep.Record{Account: alice, Subscriptions: numbered(some, func(name string) lockstep.Subscription {
			return lockstep.Subscription{ID: "sub_" + name, CustomerID: "cus_1", Status: "active", CreatedAt: created,
				Items: []lockstep.Item{{ID: "si_a" + name, Quantity: 1}, {ID: "si_b" + name, Quantity: 2}}}
		})}
		change := lockstep.AccountUpdate{Record: want,
			Marks: numbered(some, func(name string) lockstep.Mark { return lockstep.Mark{Key: checkoutKey(name)} }),
			Notices: numbered(some, func(name string) lockstep.Notice {
				return lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_"+name, created)
			})}
		claim := w.hold(alice.Key())
		w.ok(w.Save(w.Context(), claim, change))
		equal(w, "subscriptions", w.account(alice).Subscriptions, want.Subscriptions)
		equal(w, "marked", w.pending(lockstep.KeyCheckout), some)
		notices, err := w.Notices(w.Context(), alice)
		w.ok(err)
		equal(w, "notices", len(notices), some)
		w.ok(w.Save(w.Context(), claim, change))
		w.done(claim)
		if err := w.Save(w.Context(), claim, change); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("late: %v, want ErrLeaseLost", err)
		}
	},
}
