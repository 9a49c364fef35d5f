package reconcile

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestABackfillStaysAheadOfTheAccountsItMarks: a second slice in the background would wait for
// the runs of all accounts that the first has linked.
func TestABackfillStaysAheadOfTheAccountsItMarks(t *testing.T) {
	t.Parallel()
	store := ledger(t)
	begun, err := store.BeginBackfill(t.Context(), "", EncodeBackfill(NewBackfill(true, false)), true)
	if err != nil || !begun {
		t.Fatal(begun, err)
	}
	claim := hold(t, store, time.Minute)
	at, err := BackfillState(t.Context(), store)
	if err != nil || !at.Holds() {
		t.Fatal(at, err)
	}
	if err := (&Backfill{Store: store}).again(t.Context(), claim, at, 0); err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(t.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
	if err := store.Mark(t.Context(), lockstep.Mark{Key: alice.Key(), Priority: lockstep.Background}); err != nil {
		t.Fatal(err)
	}
	if next := hold(t, store, time.Minute); next.Key != sweepBackfill || next.Priority != lockstep.Normal {
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

func TestTheDirectoryNamesCustomersOnALowRung(t *testing.T) {
	t.Parallel()
	bob := lockstep.Account{Kind: lockstep.User, ID: "user_bob"}
	acme := lockstep.Account{Kind: lockstep.Organization, ID: "org_acme"}
	naming := func(a lockstep.Account) map[string]string { return lockstep.NamingMetadata(a, "") }
	for name, c := range map[string]struct {
		evidence evidence
		want     lockstep.Account // zero: ambiguous
	}{
		"alone":                              {evidence{directory: []lockstep.Account{alice}}, alice},
		"the customer's metadata is above":   {evidence{customer: naming(bob), directory: []lockstep.Account{alice}}, bob},
		"above a claimed link":               {evidence{claimed: bob, directory: []lockstep.Account{alice}}, alice},
		"the organization that a user bills": {evidence{directory: []lockstep.Account{alice, acme}}, acme},
		"two users":                          {evidence{directory: []lockstep.Account{alice, bob}}, lockstep.Account{}},
	} {
		owner, err := climb(c.evidence.rungs())
		if owner.account != c.want || errors.Is(err, errAmbiguous) != c.want.IsZero() {
			t.Errorf("%s: %v, %v", name, owner, err)
		}
	}
}

// TestTheLengthOfAListIsEstimated from how far back it has come.
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
