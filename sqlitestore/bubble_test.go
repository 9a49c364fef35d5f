package sqlitestore_test

import (
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// A worker runs over a real database in virtual time: it sleeps until something is due, for 20
// days.
func TestStoreWorksInVirtualTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	synctest.Test(t, func(t *testing.T) {
		store := open(t, path)
		ctx, start := t.Context(), time.Now()
		key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(store.Mark(ctx, lockstep.Mark{Key: key, Scope: lockstep.ScopeCustomer, Delay: 10 * time.Second}))
		var ran []time.Duration
		for len(ran) < 20 {
			due, pending, err := store.NextDue(ctx, lockstep.Background)
			ok(err)
			if !pending {
				t.Fatal("nothing is pending")
			}
			time.Sleep(time.Until(due))
			claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
				MaxPriority: lockstep.Background})
			ok(err)
			if len(claims) != 1 {
				t.Fatalf("%d claims when work is due, at %s", len(claims), time.Since(start))
			}
			ran = append(ran, time.Since(start))
			switch len(ran) {
			case 1: // dies; its lease ends after a minute
			case 2:
				ok(store.Finish(ctx, claims[0], lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(time.Hour)}))
			default:
				ok(store.Finish(ctx, claims[0], lockstep.Outcome{Disposition: lockstep.Done, At: time.Now().Add(24 * time.Hour),
					Scope: lockstep.ScopeCustomer}))
			}
		}
		want := []time.Duration{10 * time.Second, 70 * time.Second, time.Hour + 70*time.Second, 25*time.Hour + 70*time.Second}
		for i := range want {
			if ran[i] != want[i] {
				t.Errorf("run %d was after %s, want %s", i, ran[i], want[i])
			}
		}
		if days := time.Since(start).Hours() / 24; days < 17 {
			t.Errorf("only %.1f days went by", days)
		}
	})
}

// Stripe forgets idempotency keys after a day, so a lock's number is not reused after that, even if
// every try in between reused it.
func TestANumberOfALockIsNotUsedForOverADay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	synctest.Test(t, func(t *testing.T) {
		store := open(t, path)
		ada := lockstep.Account{Kind: lockstep.User, ID: "user_ada"}
		var numbers []int64
		for range 4 {
			turn, err := store.BeginPurchase(t.Context(), ada, "same", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if err := store.EndPurchase(t.Context(), turn, false); err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, turn.Number)
			time.Sleep(8 * time.Hour)
		}
		if first := numbers[0]; !slices.Equal(numbers[:3], []int64{first, first, first}) || numbers[3] <= first {
			t.Errorf("numbers %v, each eight hours after the other", numbers)
		}
	})
}

// A key that waits for an account created before its run stays parked, even if no time has passed
// between the two.
func TestParkingInTheSameMomentEndsInVirtualTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	synctest.Test(t, func(t *testing.T) {
		store := open(t, path)
		ctx := t.Context()
		key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
		alice := lockstep.Account{Kind: lockstep.User, ID: "user_alice"}
		request := lockstep.ClaimRequest{Limit: 1, Lease: time.Minute, MaxPriority: lockstep.Background}
		if err := store.Mark(ctx, lockstep.Mark{Key: alice.Key()}); err != nil {
			t.Fatal(err)
		}
		claims, err := store.Claim(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Save(ctx, claims[0], lockstep.AccountUpdate{Record: lockstep.Record{Account: alice}}); err != nil {
			t.Fatal(err)
		}
		if err := store.Finish(ctx, claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
			t.Fatal(err)
		}
		if err := store.Mark(ctx, lockstep.Mark{Key: key}); err != nil {
			t.Fatal(err)
		}
		runs := 0
		for {
			due, pending, err := store.NextDue(ctx, lockstep.Background)
			if err != nil {
				t.Fatal(err)
			}
			if !pending {
				break
			}
			time.Sleep(time.Until(due))
			claims, err := store.Claim(ctx, request)
			if err != nil {
				t.Fatal(err)
			}
			if runs++; runs > 5 {
				t.Fatal("it does not end")
			}
			park := lockstep.Outcome{Disposition: lockstep.Parked, WaitsFor: []lockstep.Key{alice.Key()}}
			if err := store.Finish(ctx, claims[0], park); err != nil {
				t.Fatal(err)
			}
		}
		if runs != 1 {
			t.Errorf("%d runs, want 1", runs)
		}
	})
}
