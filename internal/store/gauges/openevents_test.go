package gauges_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// The open events of a claim are those that its run's record names: a later event belongs to the next run.
func TestTheOpenEventsOfAClaim(t *testing.T) {
	onBoth(t, func(t *testing.T, store lockstep.Store) {
		receive(t, store, "a", "paid", 0)
		receive(t, store, "b", "paid", 0)
		claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 10, Lease: time.Minute})
		if err != nil || len(claims) != 2 {
			t.Fatal(claims, err)
		}
		later := lockstep.Event{Source: lockstep.Clerk, ID: "msg_later", Type: "paid", Origin: lockstep.Delivered,
			ReceivedAt: time.Now(), Body: []byte("{}")}
		if _, err := store.Receive(t.Context(), []lockstep.Delivery{{Event: later,
			Mark: &lockstep.Mark{Key: key("a")}}}); err != nil {
			t.Fatal(err)
		}
		open := func(claim lockstep.Claim, limit int) []lockstep.EventName {
			t.Helper()
			names, err := store.(lockstep.OpenEvents).OpenEvents(t.Context(), claim, limit)
			if err != nil {
				t.Fatal(err)
			}
			return names
		}
		for _, claim := range claims {
			want := []lockstep.EventName{{Source: lockstep.Stripe, ID: "evt_" + claim.Key.ID}}
			if diff := cmp.Diff(want, open(claim, 20)); diff != "" {
				t.Errorf("%s: %s", claim.Key, diff)
			}
			if got := open(claim, 0); len(got) != 0 {
				t.Errorf("more than the limit: %v", got)
			}
			if err := store.Finish(t.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
				t.Fatal(err)
			}
			if got := open(claim, 20); len(got) != 0 {
				t.Errorf("once settled: %v", got)
			}
		}
	})
}
