// Package repairtest tests how a store lists open work, and what operators do about events and keys, on any
// database. Package storetest tests everything else.
package repairtest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-dev/lockstep"
)

// StepRows is about how many rows a transaction writes in a store that drops in several transactions.
const StepRows = 6

// Run runs all tests, each over a new store from fresh, which closes it when the test ends.
func Run(t *testing.T, fresh func(t *testing.T) lockstep.Store) {
	for topic, tests := range map[string]map[string]func(*world){
		"openWork": openWork, "replays": replays, "retries": retries, "drops": drops,
	} {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			for name, test := range tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(&world{T: t, Store: fresh(t)})
				})
			}
		})
	}
}

// world is a store and the helpers of its tests.
type world struct {
	*testing.T
	lockstep.Store
}

var (
	alice = lockstep.Account{Kind: lockstep.User, ID: "user_alice"}
	bob   = lockstep.Account{Kind: lockstep.User, ID: "user_bob"}

	cus1 = customerKey("cus_1")
	cus2 = customerKey("cus_2")
)

func customerKey(id string) lockstep.Key { return lockstep.Key{Kind: lockstep.KeyCustomer, ID: id} }

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

// mark marks a key at once.
func (w *world) mark(key lockstep.Key, scope lockstep.Scope, priority lockstep.Priority) {
	w.Helper()
	w.ok(w.Mark(w.Context(), lockstep.Mark{Key: key, Scope: scope, Priority: priority}))
}

// take claims everything that is due, for a minute.
func (w *world) take() []lockstep.Claim {
	w.Helper()
	claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 1000, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	w.ok(err)
	return claims
}

// claim claims everything that is due, which must be key alone.
func (w *world) claim(key lockstep.Key) lockstep.Claim {
	w.Helper()
	claims := w.take()
	if len(claims) != 1 || claims[0].Key != key {
		w.Fatalf("claimed %v, want just %s", claims, key)
	}
	return claims[0]
}

// settle claims everything that is due, and finishes it.
func (w *world) settle() {
	w.Helper()
	for _, claim := range w.take() {
		w.done(claim)
	}
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
	if claims := w.take(); len(claims) > 0 {
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

// link links a customer to an account, and settles what that marks.
func (w *world) link(account lockstep.Account, customer lockstep.Key) {
	w.Helper()
	claim := w.hold(account.Key())
	w.ok(w.Link(w.Context(), claim, lockstep.Identity{Account: account}, customer.ID, lockstep.Proven))
	w.done(claim)
}

func (w *world) work(key lockstep.Key) lockstep.Work {
	w.Helper()
	work, err := w.Work(w.Context(), key)
	w.ok(err)
	return work
}

// deliver receives one event that marks key.
func (w *world) deliver(id string, key lockstep.Key) {
	w.Helper()
	_, err := w.Receive(w.Context(), []lockstep.Delivery{delivery(id, key)})
	w.ok(err)
}

func delivery(id string, key lockstep.Key) lockstep.Delivery {
	return lockstep.Delivery{
		Event: lockstep.Event{Source: lockstep.Stripe, ID: id, Type: "customer.subscription.updated",
			Origin: lockstep.Delivered, Body: []byte(`{"id":"` + id + `"}`)},
		Mark: &lockstep.Mark{Key: key, Scope: lockstep.ScopeSubscriptions, Priority: lockstep.Normal},
	}
}

// parked delivers an event of a key that then parks.
func (w *world) parked(id string, key lockstep.Key) {
	w.Helper()
	w.deliver(id, key)
	w.finish(w.claim(key), lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody", WaitsFor: []lockstep.Key{alice.Key()}})
}

// eventIs checks the key, the status and the reason of an event.
func (w *world) eventIs(id string, key lockstep.Key, status lockstep.EventStatus, reason string) {
	w.Helper()
	e, err := w.Event(w.Context(), lockstep.EventRef{ID: id})
	w.ok(err)
	if e.Key != key || e.Status != status || e.Reason != reason {
		w.Errorf("event %s is %s of %s (%q), want %s of %s (%q)", id, e.Status, e.Key, e.Reason, status, key, reason)
	}
}

// ids returns the ids of the events that match.
func (w *world) ids(filter lockstep.EventFilter) (ids []string) {
	w.Helper()
	page, err := w.Events(w.Context(), filter)
	w.ok(err)
	for _, e := range page.Events {
		ids = append(ids, e.ID)
	}
	return ids
}
