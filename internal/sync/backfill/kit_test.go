package backfill

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

var (
	alice = lockstep.Account{Kind: lockstep.User, ID: "user_alice"}
	sweep = lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}
)

// newStore returns an empty store.
func newStore(t *testing.T) lockstep.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// claimDue claims the key that is due.
func claimDue(t *testing.T, store lockstep.Store, lease time.Duration) lockstep.Claim {
	t.Helper()
	claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: lease,
		MaxPriority: lockstep.Background})
	if err != nil || len(claims) != 1 {
		t.Fatalf("claimed %v, %v", claims, err)
	}
	return claims[0]
}
