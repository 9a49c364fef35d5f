package backfill

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// A run in the background would wait for the runs of all accounts that the backfill has linked.
func TestABackfillStaysAheadOfTheAccountsThatItMarks(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	begun, err := store.BeginBackfill(t.Context(), "", Encode(New(true, false)), true)
	if err != nil || !begun {
		t.Fatal(begun, err)
	}
	claim := claimDue(t, store, time.Minute)
	at, err := State(t.Context(), store)
	if err != nil || !at.Holds() {
		t.Fatal(at, err)
	}
	if err := (&Reconciler{Store: store}).again(t.Context(), claim, at, 0); err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(t.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
	if err := store.Mark(t.Context(), lockstep.Mark{Key: alice.Key(), Priority: lockstep.Background}); err != nil {
		t.Fatal(err)
	}
	if next := claimDue(t, store, time.Minute); next.Key != sweep || next.Priority != lockstep.Normal {
		t.Errorf("the next claim is %s at priority %d", next.Key, next.Priority)
	}
}

func TestRequestsArePaced(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]time.Duration{0: 0, 10: 9 * time.Second, 100: 900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			var p pacer
			began := time.Now()
			for range 100 {
				if err := p.wait(t.Context(), rate, 1); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took != want {
				t.Errorf("100 requests at %v a second took %s, want %s", rate, took, want)
			}
		})
	}
}

// The estimate follows from how far back in time the list has come.
func TestTheLengthOfAListIsEstimated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at   lockstep.Backfill
		want int64
	}{
		{lockstep.Backfill{Phase: lockstep.BackfillCustomers, StartedAt: 1000, Oldest: 200, Reached: 800, PhaseCount: 50},
			200},
		{lockstep.Backfill{Phase: lockstep.BackfillCustomers, StartedAt: 1000, Reached: 800, PhaseCount: 50}, 0},
		{lockstep.Backfill{Phase: lockstep.BackfillUsers, StartedAt: 1000, Oldest: 200, PhaseCount: 50}, 0},
		{lockstep.Backfill{Phase: lockstep.BackfillResolving, Report: lockstep.BackfillReport{Customers: 70}}, 70},
	} {
		if got := c.at.Total(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.at, got, c.want)
		}
	}
}
