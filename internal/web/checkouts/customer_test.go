package checkouts

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

var ada = lockstep.Account{Kind: lockstep.User, ID: "user_ada"}

// worker runs the account's key once, as the runner does. meanwhile happens during the run.
func worker(ctx context.Context, t *testing.T, store lockstep.Store, meanwhile func(),
	outcome lockstep.Outcome) {
	t.Helper()
	claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute})
	if err != nil || len(claims) != 1 {
		t.Errorf("claimed %v: %v", claims, err)
		return
	}
	if meanwhile != nil {
		meanwhile()
	}
	if err := store.Save(ctx, claims[0], lockstep.AccountUpdate{Record: lockstep.Record{Account: ada,
		State: lockstep.AccountActive, CustomerID: "cus_1"}}); err != nil {
		t.Error(err)
	}
	if err := store.Finish(ctx, claims[0], outcome); err != nil {
		t.Error(err)
	}
}

// TestABuyerWaitsForOneRun: the run that looks whether the customer was deleted at Stripe. A run that its events or
// the time cause comes later, and the buyer does not wait for it.
func TestABuyerWaitsForOneRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		events  bool // mark the key during the run
		outcome func() lockstep.Outcome
	}{
		"nothing follows": {false, func() lockstep.Outcome { return lockstep.Outcome{Disposition: lockstep.Done} }},
		"events gather until the quiet period ends": {true, func() lockstep.Outcome {
			return lockstep.Outcome{Disposition: lockstep.Done, QuietUntil: time.Now().Add(2500 * time.Millisecond)}
		}},
		"a look in a week follows": {false, func() lockstep.Outcome {
			return lockstep.Outcome{Disposition: lockstep.Done, At: time.Now().AddDate(0, 0, 7)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := sqlitetest.Path(t)
			synctest.Test(t, func(t *testing.T) {
				store, err := sqlitestore.Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				defer store.Close() //nolint:errcheck // nothing is read from it any more
				ctx := t.Context()
				if err := store.Mark(ctx, lockstep.Mark{Key: ada.Key()}); err != nil {
					t.Fatal(err)
				}
				worker(ctx, t, store, nil, lockstep.Outcome{Disposition: lockstep.Done})
				woken := make(chan struct{})
				s := &Service{Store: store, Wake: func() { close(woken) }}
				go func() {
					<-woken
					time.Sleep(100 * time.Millisecond)
					worker(ctx, t, store, func() {
						if !c.events {
							return
						}
						if err := store.Mark(ctx, lockstep.Mark{Key: ada.Key(), Priority: lockstep.Normal, Gathers: true}); err != nil {
							t.Error(err)
						}
					}, c.outcome())
				}()
				began := time.Now()
				customer, err := s.customer(ctx, ada, lockstep.ScopeCustomer)
				if err != nil || customer != "cus_1" {
					t.Errorf("customer %q, %v", customer, err)
				}
				if waited := time.Since(began); waited < 100*time.Millisecond || waited > 200*time.Millisecond {
					t.Errorf("waited %s of virtual time for a run that ended after 100 ms", waited)
				}
			})
		})
	}
}
