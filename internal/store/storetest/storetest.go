package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-dev/lockstep"
)

// Open opens a database, the same one on each call, and closes the store when the test ends. The
// test may close it before.
type Open func(t *testing.T) lockstep.Store

// Run runs all tests, each over a new database from fresh.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	run(t, fresh, map[string]map[string]func(*world){
		"inbox":          inbox,
		"batch":          batch,
		"events":         events,
		"queue":          queue,
		"quiet":          quiet,
		"finish":         finish,
		"history":        history,
		"accounts":       accounts,
		"link":           links,
		"further":        further,
		"wake":           wakes,
		"licenses":       licenses,
		"notices":        notices,
		"emails":         emails,
		"listed":         listed,
		"purchases":      purchases,
		"prices":         prices,
		"trials":         trials,
		"problems":       problems,
		"webhooks":       webhooks,
		"deletions":      deletions,
		"assignments":    assignments,
		"replicas":       replicas,
		"forget":         forget,
		"retention":      retention,
		"backfills":      backfills,
		"localDirectory": localDirectory,
		"changeFeed":     changeFeed,
		"texts":          texts,
		"instances":      instances,
		"apiKeys":        apiKeys,
		"consolePasses":  consolePasses,
		"audit":          audit,
		"found":          found,
		"fencing":        fencing,
		"concurrency":    concurrency,
		"durability":     durability,
	})
}

// run runs topics of tests.
func run(t *testing.T, fresh func(t *testing.T) Open, topics map[string]map[string]func(*world)) {
	for topic, tests := range topics {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			for name, test := range tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					open := fresh(t)
					test(&world{T: t, Store: open(t), open: open})
				})
			}
		})
	}
}

// world is a store and the helpers of its tests.
type world struct {
	*testing.T
	lockstep.Store
	open Open
}

var (
	alice = lockstep.Account{Kind: lockstep.User, ID: "user_alice"}
	bob   = lockstep.Account{Kind: lockstep.User, ID: "user_bob"}
	acme  = lockstep.Account{Kind: lockstep.Organization, ID: "org_acme"}

	cus1 = customerKey("cus_1")
	cus2 = customerKey("cus_2")
)

func customerKey(id string) lockstep.Key { return lockstep.Key{Kind: lockstep.KeyCustomer, ID: id} }

func checkoutKey(id string) lockstep.Key { return lockstep.Key{Kind: lockstep.KeyCheckout, ID: id} }

// ok fails the test at once on an error.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// equal fails the test if got differs from want. Nil and an empty list are equal.
func equal[T any](w *world, what string, got, want T) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Errorf("%s: want -, got +\n%s", what, diff)
	}
}

// mark marks a key with scope and priority, at once.
func (w *world) mark(key lockstep.Key, scope lockstep.Scope, priority lockstep.Priority) {
	w.Helper()
	w.ok(w.Mark(w.Context(), lockstep.Mark{Key: key, Scope: scope, Priority: priority}))
}

// take claims everything that is due, with the lease.
func (w *world) take(lease time.Duration) []lockstep.Claim {
	w.Helper()
	claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 1000, Lease: lease, MaxPriority: lockstep.Background})
	w.ok(err)
	return claims
}

// claim claims everything that is due, which must be key alone.
func (w *world) claim(key lockstep.Key) lockstep.Claim {
	w.Helper()
	claims := w.take(time.Minute)
	if len(claims) != 1 || claims[0].Key != key {
		w.Fatalf("claimed %v, want just %s", claims, key)
	}
	return claims[0]
}

// among claims everything that is due, including key. Notices become due by the clock.
func (w *world) among(key lockstep.Key) lockstep.Claim {
	w.Helper()
	claims := w.take(time.Minute)
	for _, c := range claims {
		if c.Key == key {
			return c
		}
	}
	w.Fatalf("claimed %v, want %s among them", claims, key)
	return lockstep.Claim{}
}

// hold marks a key and claims it.
func (w *world) hold(key lockstep.Key) lockstep.Claim {
	w.Helper()
	w.mark(key, lockstep.ScopeAll, lockstep.Normal)
	return w.claim(key)
}

// idle checks that nothing is due.
func (w *world) idle() {
	w.Helper()
	if claims := w.take(time.Minute); len(claims) > 0 {
		w.Fatalf("claimed %v, want nothing to be due", claims)
	}
}

func (w *world) finish(claim lockstep.Claim, outcome lockstep.Outcome) {
	w.Helper()
	w.ok(w.Finish(w.Context(), claim, outcome))
}

func (w *world) done(claim lockstep.Claim) {
	w.Helper()
	w.finish(claim, lockstep.Outcome{Disposition: lockstep.Done})
}

func (w *world) work(key lockstep.Key) lockstep.Work {
	w.Helper()
	work, err := w.Work(w.Context(), key)
	w.ok(err)
	return work
}

// deliver receives one event that marks key.
func (w *world) deliver(id string, key lockstep.Key) lockstep.Receipt {
	w.Helper()
	receipts, err := w.Receive(w.Context(), []lockstep.Delivery{delivery(id, key)})
	w.ok(err)
	return receipts[0]
}

func delivery(id string, key lockstep.Key) lockstep.Delivery {
	return lockstep.Delivery{
		Event: lockstep.Event{Source: lockstep.Stripe, ID: id, Type: "customer.subscription.updated",
			Origin: lockstep.Delivered, Body: []byte(`{"id":"` + id + `"}`)},
		Mark: &lockstep.Mark{Key: key, Scope: lockstep.ScopeSubscriptions, Priority: lockstep.Normal},
	}
}

// event returns a stored event of [world.deliver].
func (w *world) event(id string) lockstep.Event {
	w.Helper()
	page, err := w.Events(w.Context(), lockstep.EventFilter{Limit: 1000})
	w.ok(err)
	for _, e := range page.Events {
		if e.ID == id {
			return e
		}
	}
	w.Fatalf("event %s is not stored", id)
	return lockstep.Event{}
}

// eventIs checks the key, the status and the reason of an event.
func (w *world) eventIs(id string, key lockstep.Key, status lockstep.EventStatus, reason string) {
	w.Helper()
	e := w.event(id)
	if e.Key != key || e.Status != status || e.Reason != reason {
		w.Errorf("event %s is %s of %s (%q), want %s of %s (%q)", id, e.Status, e.Key, e.Reason, status, key, reason)
	}
}

func (w *world) account(a lockstep.Account) lockstep.Record {
	w.Helper()
	r, err := w.Account(w.Context(), a)
	w.ok(err)
	return r
}

// save saves a record in a run of its account's key, and finishes the run.
func (w *world) save(r lockstep.Record) {
	w.Helper()
	claim := w.hold(r.Account.Key())
	w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: r}))
	w.done(claim)
}

// near reports whether a time is about this far in the future. A busy machine makes it look
// earlier.
func near(t time.Time, fromNow time.Duration) bool {
	off := time.Until(t) - fromNow
	return -20*time.Second < off && off < 2*time.Second
}

// soon reports whether a time is five seconds after start: what an interactive mark makes of a
// longer backoff.
func soon(t, start time.Time) bool {
	const slack = time.Second // for the clock of another machine
	return t.After(start.Add(5*time.Second-slack)) && t.Before(time.Now().Add(5*time.Second+slack))
}
