package repairtest

import (
	"errors"

	"github.com/lockstep-dev/lockstep"
)

// replay replays events of any source, at background priority.
func (w *world) replay(ids ...string) (replayed []lockstep.Replayed) {
	w.Helper()
	var refs []lockstep.EventRef
	for _, id := range ids {
		refs = append(refs, lockstep.EventRef{ID: id})
	}
	replayed, err := w.Replay(w.Context(), lockstep.ReplayRequest{Events: refs, Priority: lockstep.Background})
	w.ok(err)
	return replayed
}

var replays = map[string]func(*world){
	"an event that parked or failed is pending again, and settled by the next run": func(w *world) {
		w.parked("evt_parked", cus1)
		w.deliver("evt_failed", cus2)
		w.finish(w.claim(cus2), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "no"})
		replayed := w.replay("evt_parked", "evt_failed")
		equal(w, "replayed", len(replayed), 2)
		for i, want := range []struct {
			key    lockstep.Key
			status lockstep.EventStatus
			reason string
		}{{cus1, lockstep.EventParked, "nobody"}, {cus2, lockstep.EventFailed, "no"}} {
			r := replayed[i]
			if r.Key != want.key || !r.Reopened || r.Event.Status != want.status || r.Event.Reason != want.reason ||
				r.Event.Type == "" {
				w.Errorf("got %+v, want %+v", r, want)
			}
		}
		w.eventIs("evt_parked", cus1, lockstep.EventPending, "")
		w.eventIs("evt_failed", cus2, lockstep.EventPending, "")
		for _, claim := range w.take() {
			equal(w, "scope", claim.Scope, lockstep.ScopeAll)
			equal(w, "priority", claim.Priority, lockstep.Background)
			w.done(claim)
		}
		w.eventIs("evt_parked", cus1, lockstep.EventDone, "")
		w.eventIs("evt_failed", cus2, lockstep.EventDone, "")
	},
	"a processed event keeps its record and marks its key": func(w *world) {
		w.deliver("evt_1", cus1)
		w.done(w.claim(cus1))
		if r := w.replay("evt_1"); len(r) != 1 || r[0].Reopened || r[0].Key != cus1 {
			w.Errorf("got %+v", r)
		}
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
		w.done(w.claim(cus1))
		w.idle()
	},
	"a replay during a run causes another run, which settles the event": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.replay("evt_1")
		w.done(claim)
		w.eventIs("evt_1", cus1, lockstep.EventPending, "")
		w.done(w.claim(cus1))
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
	},
	"an event of a customer that was linked marks the account": func(w *world) {
		w.parked("evt_1", cus1)
		w.drop(cus1)
		w.deliver("evt_done", cus1)
		w.done(w.claim(cus1))
		w.link(alice, cus1)
		w.settle()
		for _, r := range w.replay("evt_1", "evt_done") {
			equal(w, "key", r.Key, alice.Key())
		}
		w.eventIs("evt_1", alice.Key(), lockstep.EventPending, "")
		w.eventIs("evt_done", cus1, lockstep.EventDone, "")
		w.done(w.claim(alice.Key()))
		w.eventIs("evt_1", alice.Key(), lockstep.EventDone, "")
	},
	"an event of a further customer marks the account": func(w *world) {
		w.link(alice, cus1)
		w.settle()
		w.parked("evt_1", cus2)
		w.drop(cus2)
		w.link(alice, cus2)
		w.settle()
		equal(w, "key", w.replay("evt_1")[0].Key, alice.Key())
		w.eventIs("evt_1", alice.Key(), lockstep.EventPending, "")
		w.done(w.claim(alice.Key()))
		w.eventIs("evt_1", alice.Key(), lockstep.EventDone, "")
	},
	"an ignored event marks nothing, and an unknown one is left out": func(w *world) {
		ignored := delivery("evt_ignored", cus1)
		ignored.Mark, ignored.Event.Reason = nil, "not ours"
		_, err := w.Receive(w.Context(), []lockstep.Delivery{ignored})
		w.ok(err)
		replayed := w.replay("evt_ignored", "evt_none")
		if len(replayed) != 1 || !replayed[0].Key.IsZero() || replayed[0].Reopened {
			w.Errorf("got %+v", replayed)
		}
		w.eventIs("evt_ignored", lockstep.Key{}, lockstep.EventIgnored, "not ours")
		w.idle()
	},
	"what an event says adds to the scope": func(w *world) {
		w.deliver("evt_1", alice.Key())
		w.done(w.claim(alice.Key()))
		_, err := w.Replay(w.Context(), lockstep.ReplayRequest{Priority: lockstep.Normal,
			Events: []lockstep.EventRef{{Source: lockstep.Stripe, ID: "evt_1"}, {Source: lockstep.Clerk, ID: "evt_1"}},
			Scope: func(e lockstep.Event) lockstep.Scope {
				equal(w, "type", e.Type, "customer.subscription.updated")
				return lockstep.ScopeDeleted
			}})
		w.ok(err)
		equal(w, "scope", w.claim(alice.Key()).Scope, lockstep.ScopeAll|lockstep.ScopeDeleted)
	},
	"an event can be read alone": func(w *world) {
		w.deliver("evt_1", cus1)
		for _, source := range []lockstep.Source{lockstep.Stripe, ""} {
			e, err := w.Event(w.Context(), lockstep.EventRef{Source: source, ID: "evt_1"})
			w.ok(err)
			equal(w, "event", e.Key, cus1)
			equal(w, "body", string(e.Body), `{"id":"evt_1"}`)
		}
		for _, ref := range []lockstep.EventRef{{Source: lockstep.Clerk, ID: "evt_1"}, {ID: "evt_2"}, {}} {
			if _, err := w.Event(w.Context(), ref); !errors.Is(err, lockstep.ErrNotFound) {
				w.Errorf("%+v: %v", ref, err)
			}
		}
	},
}
